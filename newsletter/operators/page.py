"""A look at an address of our own from the outside."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from urllib.parse import urlsplit

TIMEOUT_S = 5


def status(url: str) -> int:
    """The status that an address answers with, after redirects. Raises OSError where nobody answers."""
    direct = [urllib.request.ProxyHandler({})] if urlsplit(url).scheme == "http" else []
    try:
        with urllib.request.build_opener(*direct).open(url, timeout=TIMEOUT_S) as answer:
            found: int = answer.status
            return found
    except urllib.error.HTTPError as error:
        with error:  # it holds the connection
            return error.code
    except (http.client.HTTPException, ValueError) as error:
        raise OSError(type(error).__name__) from error
