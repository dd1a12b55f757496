"""What was asked: every request in order, and how many of which kind."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.simulator.answers import Request


@dataclass
class History:
    """The requests of the API's paths. Those of the side door aren't counted."""

    requests: list[dict[str, object]] = field(default_factory=list)
    by_operation: Counter[str] = field(default_factory=Counter)
    by_status: Counter[str] = field(default_factory=Counter)

    def add(self, entry: Mapping[str, object]) -> None:
        """Note a request; a connection that was dropped has the status 0."""
        self.requests.append(dict(entry))
        self.by_operation[str(entry["operation"])] += 1
        self.by_status[str(entry["status"])] += 1

    def counts(self) -> dict[str, object]:
        """Count them."""
        return {
            "total": len(self.requests), "by_operation": dict(self.by_operation), "by_status": dict(self.by_status)
        }  # fmt: skip

    def last(self, count: int | None) -> Sequence[Mapping[str, object]]:
        """List them, or so many of the last."""
        if count is None:
            return self.requests
        return self.requests[-count:] if count else []


def whom(operation: str, request: Request) -> dict[str, object]:
    """Say whom a write was about, whatever became of it: so a test can prove that somebody was left alone."""
    match operation:
        case "bulkImportContactsJSON":
            return _imported(request.body)
        case "createContact" | "createOrUpdateContact":
            return {"emails": _single(request.body)}
        case "putContact":
            return {"emails": _single(request.body), "contact_id": request.path.rpartition("/")[2]}
        case "deleteContact":
            return {"contact_id": request.path.rpartition("/")[2]}
        case _:
            return {}


def _imported(body: bytes) -> dict[str, object]:
    try:
        sent = json.loads(body)
        emails = [row.get("email") for row in sent["import_data"]]
    except (ValueError, TypeError, KeyError, AttributeError):
        return {"emails": [], "list_ids": []}
    return {"emails": emails, "list_ids": sent.get("list_ids")}


def _single(body: bytes) -> list[str]:
    try:
        email = json.loads(body).get("email_address")
    except (ValueError, AttributeError):
        return []
    address = email.get("address") if isinstance(email, dict) else email
    return [address] if isinstance(address, str) else []
