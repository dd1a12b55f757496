"""A small client of the side door, for tests."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlencode

_TIMEOUT_SECONDS = 60
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a proxy of the environment is not for this


class SideDoorError(ValueError):
    """The side door can't do what it was told."""


class SideDoor:
    """Sees and does, behind the API's back, what `/_control` offers."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")

    def state(self, *, contacts: bool = True, history: int | None = None) -> dict[str, Any]:
        """See everything: lists, contacts, activities, requests."""
        query = {"contacts": str(contacts).lower()} | ({} if history is None else {"history": str(history)})
        return self._call("GET", f"/state?{urlencode(query)}")

    def contact(self, **body: object) -> dict[str, Any]:
        """Do to a contact what its owner or itself would: `action`, and what that needs."""
        return self._call("POST", "/contacts", body)

    def list(self, **body: object) -> dict[str, Any]:
        """Create, rename or delete a list."""
        return self._call("POST", "/lists", body)

    def custom_field(self, **body: object) -> dict[str, Any]:
        """Define a custom field: `label`, and `type` if it isn't string."""
        return self._call("POST", "/custom_fields", body)

    def tag(self, **body: object) -> dict[str, Any]:
        """Make a tag: `name`."""
        return self._call("POST", "/tags", body)

    def fault(self, **body: object) -> None:
        """Let something go wrong: `fault`, `operation`, and how often."""
        self._call("POST", "/faults", body)

    def advance(self, seconds: float) -> None:
        """Move the simulator's clock on."""
        self._call("POST", "/clock", {"advance_seconds": seconds})

    def token(self, action: str) -> dict[str, Any]:
        """Expire or revoke the tokens, or make a `new` one, which the answer has."""
        return self._call("POST", "/tokens", {"action": action})

    def device(self, user_code: str, action: str) -> dict[str, Any]:
        """Approve or deny a device that waits: `action` is approve or deny."""
        return self._call("POST", "/device", {"user_code": user_code, "action": action})

    def switch(self, **switches: object) -> dict[str, Any]:
        """Turn switches; the answer has all of them."""
        return self._call("POST", "/switches", switches)

    def reset(self) -> None:
        """Begin anew."""
        self._call("DELETE", "")

    def _call(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/_control{path}", content, method=method)  # noqa: S310 - a simulator's address
        try:
            with _OPENER.open(request, timeout=_TIMEOUT_SECONDS) as answer:
                return dict(json.load(answer))
        except urllib.error.HTTPError as error:
            with error:
                raise SideDoorError(json.load(error)["error"]) from None
