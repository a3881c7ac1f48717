"""What stands in for our event webhook in the tests of the sandbox."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Webhook:
    """Keeps each post as (headers in lower case, raw body); answers with `statuses` first, then 204."""

    url: str = ""
    posts: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [event for _, body in self.posts for event in json.loads(body)]

    def kinds(self, address: str) -> list[str]:
        return [event["event"] for event in self.events if event["email"] == address]
