"""Push the CRM's contacts to a Constant Contact list: the script that people usually write for this.

It stands here to be compared with, and does its job as such scripts do: read all contacts of the CRM, pull everybody
who is on the list, and for each contact `POST /contacts/sign_up_form`. Standard library only; the token is renewed by
hand.

    CC_ACCESS_TOKEN=... CC_LIST_ID=... python usual_script.py contacts.csv

This is the one file of the project that uses that call. It is Constant Contact's "create or update", so it is what one
finds first. But it is made for a form that people fill in themselves: who is updated by it has opted in again, also
who had unsubscribed, and who was deleted is restored (developer.constantcontact.com/api_guide/contacts_create_or_update
and the contract's createOrUpdateContact). A row of a CRM is nobody's consent, so the reconciler has no code for it.
"""

from __future__ import annotations

import csv
import json
import logging
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

log = logging.getLogger("usual_script")

API_URL = "https://api.cc.email/v3"
PAGE_SIZE = 500
#: Four calls a second are allowed.
PAUSE_SECONDS = 0.25
TIMEOUT_SECONDS = 30
TRIES = 5
WORTH_ANOTHER_TRY = (429, 500, 502, 503, 504)
LONGEST_TEXT = 50
LONGEST_PHONE = 25

#: The CRM's columns, and what Constant Contact calls them.
TEXTS = {
    "first_name": "first_name",
    "last_name": "last_name",
    "job_title": "job_title",
    "company": "company_name",
}
ADDRESS = ("street", "city", "state", "postal_code", "country")


class ApiError(Exception):
    """Constant Contact did not do it."""


@dataclass
class Summary:
    """What a pass did."""

    contacts: int = 0
    on_list_before: int = 0
    created: int = 0
    updated: int = 0
    failed: int = 0
    calls: int = 0


class Api:
    """Calls Constant Contact, at a pace and with patience."""

    def __init__(self, url: str, token: str, pause_seconds: float = PAUSE_SECONDS) -> None:
        self.url = url.rstrip("/")
        self.token = token
        self.pause_seconds = pause_seconds
        self.calls = 0
        self.open = urllib.request.build_opener().open
        self.sleep: Callable[[float], None] = time.sleep

    def get(self, path: str) -> dict[str, Any]:
        return self._call("GET", path)

    def post(self, path: str, body: Mapping[str, object]) -> dict[str, Any]:
        return self._call("POST", path, body)

    def _call(self, method: str, path: str, body: Mapping[str, object] | None = None) -> dict[str, Any]:
        """Call; what is over the limit or a server's trouble is tried again, each time later."""
        for attempt in range(TRIES):
            self.sleep(self.pause_seconds)
            try:
                return self._send(method, path, body)
            except urllib.error.HTTPError as error:
                with error:
                    said = f"{method} {path.partition('?')[0]}: {error.code} {error.read().decode(errors='replace')}"
                if error.code not in WORTH_ANOTHER_TRY:
                    raise ApiError(said) from None
                log.warning("%s", said)
            except OSError as error:
                log.warning("%s %s: %s", method, path.partition("?")[0], error)
            self.sleep(2**attempt)
        raise ApiError(f"{method} {path.partition('?')[0]}: gave up after {TRIES} tries")

    def _send(self, method: str, path: str, body: Mapping[str, object] | None) -> dict[str, Any]:
        self.calls += 1
        request = urllib.request.Request(  # noqa: S310 - Constant Contact's address
            self.url + path,
            data=None if body is None else json.dumps(body).encode(),
            method=method,
            headers={
                "Authorization": f"Bearer {self.token}",
                "Accept": "application/json",
                "Content-Type": "application/json",
            },
        )
        with self.open(request, timeout=TIMEOUT_SECONDS) as answer:
            return dict(json.load(answer))


def read_csv(path: Path) -> list[dict[str, str]]:
    """Read the CRM's contacts from an export with a header line."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def wanted(rows: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Who belongs on the list, by address: not the deleted, nor who opted out in the CRM."""
    contacts: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        email = _text(row, "email").lower()
        if "@" in email and not _is_set(row, "marketing_opt_out") and not _text(row, "deleted_at"):
            contacts[email] = row
    return contacts


def pull_members(api: Api, list_id: str) -> dict[str, dict[str, Any]]:
    """Pull everybody who is on the list, page by page, by address."""
    members: dict[str, dict[str, Any]] = {}
    query = urllib.parse.urlencode({"lists": list_id, "limit": PAGE_SIZE})
    path: str | None = f"/contacts?{query}"
    while path:
        page = api.get(path)
        for contact in page.get("contacts", []):
            email = contact.get("email_address", {}).get("address", "")
            if email:
                members[email.lower()] = contact
        path = _next_page(page)
    return members


def push(api: Api, list_id: str, contacts: Mapping[str, Mapping[str, Any]], summary: Summary) -> None:
    """Create or update each contact; one that is refused is logged, and the next one follows."""
    for email, row in contacts.items():
        try:
            answer = api.post("/contacts/sign_up_form", body_of(email, row, list_id))
        except ApiError as error:
            summary.failed += 1
            log.error("contact %s: %s", row.get("id", "?"), error)  # noqa: TRY400 - the trace says nothing more
            continue
        if answer.get("action") == "created":
            summary.created += 1
        else:
            summary.updated += 1


def body_of(email: str, row: Mapping[str, Any], list_id: str) -> dict[str, object]:
    """Put a contact into the words of the call; what is blank is left out."""
    body: dict[str, object] = {"email_address": email, "list_memberships": [list_id]}
    for column, name in TEXTS.items():
        if value := _text(row, column):
            body[name] = value[:LONGEST_TEXT]
    if phone := _text(row, "mobile") or _text(row, "phone"):
        body["phone_number"] = phone[:LONGEST_PHONE]
    address = {part: _text(row, part)[:LONGEST_TEXT] for part in ADDRESS if _text(row, part)}
    if address:
        body["street_address"] = {"kind": "home", **address}
    return body


def sync(rows: Iterable[Mapping[str, Any]], api: Api, list_id: str) -> Summary:
    """Do a whole pass: read all, pull all, push all."""
    contacts = wanted(rows)
    members = pull_members(api, list_id)
    known = contacts.keys() & members.keys()
    log.info("%d contacts in the CRM, %d on the list, %d in both", len(contacts), len(members), len(known))
    log.info("%d people on the list are not in the CRM; they are left alone", len(members) - len(known))
    summary = Summary(contacts=len(contacts), on_list_before=len(members))
    push(api, list_id, contacts, summary)
    summary.calls = api.calls
    return summary


def _next_page(page: Mapping[str, Any]) -> str | None:
    """Find the path of the next page; Constant Contact gives it with the version in front."""
    href = page.get("_links", {}).get("next", {}).get("href")
    return str(href).removeprefix("/v3") if href else None


def _text(row: Mapping[str, Any], column: str) -> str:
    return " ".join(str(row.get(column) or "").split())


def _is_set(row: Mapping[str, Any], column: str) -> bool:
    return _text(row, column).lower() in {"true", "t", "yes", "1"}


def main(arguments: Sequence[str]) -> int:
    """Do a pass with a CSV file; says 1 if a contact failed."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    if len(arguments) != 1 or not {"CC_ACCESS_TOKEN", "CC_LIST_ID"} <= os.environ.keys():
        log.error("usage: CC_ACCESS_TOKEN=... CC_LIST_ID=... python usual_script.py contacts.csv")
        return 2
    api = Api(os.environ.get("CC_API_URL", API_URL), os.environ["CC_ACCESS_TOKEN"])
    summary = sync(read_csv(Path(arguments[0])), api, os.environ["CC_LIST_ID"])
    log.info("%s", summary)
    return 1 if summary.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
