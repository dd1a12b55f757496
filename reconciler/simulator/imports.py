"""POST /activities/contacts_json_import: what a body says, and what it does to whom."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from reconciler.simulator.activities import Outcome
from reconciler.simulator.answers import JsonObject, Request, invalid, json_object, text_list
from reconciler.simulator.clock import stamp
from reconciler.simulator.identifiers import is_uuid
from reconciler.simulator.membership import joined
from reconciler.simulator.rows import CUSTOM_PREFIX, CorrectableError, RowReader, TooLongError, is_address
from reconciler.simulator.state import Account, new_email

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reconciler.simulator.changes import Change
    from reconciler.simulator.contacts import Contact
    from reconciler.simulator.switches import Switches

ROWS_MOST: Final = 40_000
BYTES_MOST: Final = 4_000_000
_ABROAD = re.compile(r"\+\D*[02-9]")
LISTS_MOST: Final = 50


@dataclass
class Import:
    """An import as it was accepted. Of rows with the same address the last stands."""

    list_ids: tuple[str, ...]
    rows: int = 0
    people: dict[str, tuple[str, Change]] = field(default_factory=dict)
    """Address and change by the address in lower case."""
    errors: int = 0
    correctable: int = 0


def read(request: Request, account: Account, now: float) -> Import:
    """Read an import's body, 400 where it can't be one; what is beyond 40,000 rows or 4 MB is dropped silently."""
    if len(request.body) > BYTES_MOST and account.switches.truncated_body == "refused":
        raise invalid("The request body is not valid JSON.")
    body = json_object(request)
    list_ids = text_list(body, "list_ids", LISTS_MOST)
    unknown = [each for each in list_ids if not (is_uuid(each) and account.open_list(each))]
    if not list_ids or unknown:
        raise invalid(f"list_ids: {', '.join(unknown) or 'at least one'} is not a list of this account.")
    rows = _rows(body)[: _fitting_rows(request.body)]
    _refuse_unknown_custom_fields(rows, account)
    return _sorted_out(rows, Import(list_ids), account, now)


def _rows(body: JsonObject) -> list[dict[str, object]]:
    rows = body.get("import_data")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise invalid("import_data must be an array of objects.")
    return rows


def _fitting_rows(body: bytes) -> int:
    """Count the rows that end within the first 4 MB (developer.constantcontact.com/api_guide/import_contacts)."""
    begin = re.search(rb'"import_data"\s*:\s*\[', body)
    if len(body) <= BYTES_MOST or not begin:
        return ROWS_MOST
    text, scan = body[begin.end() : BYTES_MOST].decode(errors="ignore"), json.JSONDecoder()
    count = place = 0
    while count < ROWS_MOST:
        place = text.find("{", place)
        try:
            _, place = scan.raw_decode(text, place) if place >= 0 else (None, place)
        except ValueError:
            return count
        if place < 0:
            return count
        count += 1
    return count


def _refuse_unknown_custom_fields(rows: list[dict[str, object]], account: Account) -> None:
    if account.switches.unknown_custom_fields == "ignored":
        return
    known = {CUSTOM_PREFIX + name for name in account.custom_fields}
    used = {key for row in rows for key in row if key.startswith(CUSTOM_PREFIX)}
    if used - known:
        raise invalid(f"import_data: custom field {min(used - known)[len(CUSTOM_PREFIX) :]} does not exist.")


def _sorted_out(rows: list[dict[str, object]], result: Import, account: Account, now: float) -> Import:
    switches = account.switches
    reader = RowReader(
        account.custom_field_ids(),
        cut=switches.too_long == "cut",
        custom_fields_most=switches.custom_fields_most,
        trim=switches.trim,
        blank_clears=switches.import_blanks == "cleared",
    )
    result.rows = len(rows)
    for row in rows:
        try:
            address, change = _person(row, reader, switches)
            _refuse_abused(account, address, now)
        except TooLongError:
            result.errors += 1
        except CorrectableError:
            result.correctable += 1
        else:
            result.people[address.lower()] = (address, change)
    return result


def _person(row: JsonObject, reader: RowReader, switches: Switches) -> tuple[str, Change]:
    address = str(row.get("email") or "").strip()
    if len(address) > switches.import_email_max or not is_address(address):
        raise CorrectableError(address)
    change = reader.read(row)
    return address, _without_phones_abroad(change) if switches.international_phones == "ignored" else change


def _refuse_abused(account: Account, address: str, now: float) -> None:
    switches = account.switches
    most = switches.signup_abuse_most if switches.signup_abuse_counts_imports else 0
    if account.abuse.refuses(address, now, most):
        raise CorrectableError(address)


def _without_phones_abroad(change: Change) -> Change:
    """Leave out the numbers that documentation calls "currently not supported": those with another country's code."""
    return replace(change, phones={kind: each for kind, each in change.phones.items() if not _ABROAD.match(each)})


def apply(account: Account, wanted: Import, at: float) -> Outcome:
    """Do an import, and count as the activity's status does."""
    refused = 0
    lists = tuple(each for each in wanted.list_ids if account.open_list(each))
    for address, change in wanted.people.values():
        contact = account.live.by_address(address)
        if contact is None:
            account.create(address, change, lists, "implicit", at)
            _start_automations(account, lists)
        elif contact.email and contact.email.permission == "unsubscribed":
            refused += 1
            _update_unsubscribed(account, contact, change, at)
        else:
            _update(account, contact, change, lists, at)
    return Outcome(_counts(wanted, refused, account.switches))


def _counts(wanted: Import, refused: int, switches: Switches) -> Mapping[str, int]:
    return {
        "items_total_count": wanted.rows + switches.total_counts_header,
        "person_count": len(wanted.people),
        "error_count": wanted.errors,
        "correctable_count": wanted.correctable,
        "cannot_add_to_list_count": refused,
    }


def _update_unsubscribed(account: Account, contact: Contact, change: Change, at: float) -> None:
    if account.switches.import_of_unsubscribed == "fields_updated":
        account.store(account.editor.changed(contact, change, stamp(at)), at)


def _update(account: Account, contact: Contact, change: Change, list_ids: tuple[str, ...], at: float) -> None:
    """Change the supplied fields and add the lists; the permission stays."""
    if contact.deleted_at and account.switches.import_of_deleted == "left":
        return
    when = stamp(at)
    revived = _revived(account, contact, when) if contact.deleted_at else contact
    after = joined(account.editor.changed(revived, change, when), list_ids, account, when)
    if after is not contact:
        account.store(after, at)
        _start_automations(account, [each for each in after.lists if each not in contact.lists])


def _start_automations(account: Account, list_ids: Iterable[str]) -> None:
    if account.switches.imports_start_automations:
        account.automations.update(list_ids)


def _revived(account: Account, contact: Contact, when: str) -> Contact:
    email = contact.email
    if email and account.switches.revived_permission == "implicit":
        email = replace(new_email(email.address, "implicit", when), created_at=email.created_at)
    return replace(contact, email=email, deleted_at=None, updated_at=when)
