"""An alert as a POST of a small JSON document, with a `text` that incoming webhooks of chats show as it is."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from email.message import Message
from typing import IO
from urllib.parse import urlsplit

from newsletter.model import Alert, runbook

TIMEOUT_S = 5


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would be followed as a GET, which looks like success and tells nobody."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> None:
        del req, fp, code, msg, headers, newurl


def document(alert: Alert) -> dict[str, str]:
    """What is posted: `kind`, `about`, `at`, `runbook`, and all of it once more as `text`."""
    return {
        "kind": alert.kind.value,
        "about": alert.about,
        "at": alert.at.isoformat(),
        "runbook": runbook(alert.kind),
        "text": f"{alert.subject}\n{alert.text}\n{runbook(alert.kind)}",
    }


def post(url: str, alert: Alert) -> None:
    """Raises OSError for any answer but a 2xx, and where there is none."""
    request = urllib.request.Request(  # noqa: S310  settings take https, and http on this machine only
        url, json.dumps(document(alert)).encode(), {"Content-Type": "application/json", "User-Agent": "newsletter"}
    )
    # A company's proxy does not reach this machine's own addresses.
    direct = [urllib.request.ProxyHandler({})] if urlsplit(url).scheme == "http" else []
    try:
        with urllib.request.build_opener(_NoRedirect(), *direct).open(request, timeout=TIMEOUT_S):
            pass
    except urllib.error.HTTPError as error:
        with error:  # it holds the connection
            raise OSError(f"it answered {error.code}") from None
    except http.client.HTTPException as error:
        raise OSError(type(error).__name__) from error
