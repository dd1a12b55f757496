"""What each peer's script needs of Constant Contact: to hand in an import, and to wait for its end.

The peers run in an environment without the program, so this is standard library alone. It is the least that a careful
writer of such a script would do: a body of contacts, one call for it, and a look at the activity until it has ended.
"""

from __future__ import annotations

import json
import os
import time
import urllib.request
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: The CRM's columns, and the import's keys.
KEYS: Final = {
    "email": "email",
    "first_name": "first_name",
    "last_name": "last_name",
    "job_title": "job_title",
    "company": "company_name",
    "phone": "phone",
    "mobile": "mobile_phone",
    "street": "street",
    "city": "city",
    "state": "state",
    "postal_code": "zip",
    "country": "country",
}
MOST_BYTES: Final = 4_000_000
MOST_CONTACTS: Final = 40_000
#: So many of the bench's contacts fill one import well: its 4,000,000 bytes come before its 40,000 contacts.
BATCH: Final = 25_000
_ENDED: Final = frozenset({"completed", "cancelled", "failed", "timed_out"})
_PAUSE: Final = 0.2


def call(method: str, path: str, body: bytes | None = None) -> dict[str, Any]:
    """Call the account that the environment names; its answer."""
    request = urllib.request.Request(  # noqa: S310 - the simulated account
        os.environ["PEER_API_URL"] + path,
        data=body,
        method=method,
        headers={"Authorization": f"Bearer {os.environ['PEER_TOKEN']}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - as above
        return dict(json.load(answer))


def contact(row: Mapping[str, Any]) -> dict[str, str]:
    """A row of the CRM in the keys of the import; what is blank is left out."""
    return {key: str(row[name]) for name, key in KEYS.items() if row.get(name)}


def send(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Hand in these rows, in as many imports as the limits of a body ask for; the ids of the activities."""
    texts: list[bytes] = []
    size, sent = 0, []
    for row in rows:
        text = json.dumps(contact(row), separators=(",", ":")).encode()
        if size + len(text) + 1 > MOST_BYTES - 100 or len(texts) == MOST_CONTACTS:
            sent.append(_hand_in(texts))
            texts, size = [], 0
        texts.append(text)
        size += len(text) + 1
    return [*sent, _hand_in(texts)] if texts else sent


def _hand_in(texts: list[bytes]) -> str:
    lists = json.dumps([os.environ["PEER_LIST_ID"]]).encode()
    body = b'{"import_data":[' + b",".join(texts) + b'],"list_ids":' + lists + b"}"
    return str(call("POST", "/activities/contacts_json_import", body)["activity_id"])


def wait(activities: Iterable[str]) -> None:
    """Look at each activity until it has ended. Raises RuntimeError where one has failed."""
    for activity in activities:
        while (state := call("GET", f"/activities/{activity}")["state"]) not in _ENDED:
            time.sleep(_PAUSE)
        if state != "completed":
            raise RuntimeError(f"an import ended as {state}")
