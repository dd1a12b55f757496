"""POST /activities/contact_exports: which contacts, which columns, as CSV.

The names of `fields` are the provider's (developer.constantcontact.com/api_guide/export_contacts). The header
names of the real file are not documented; those here are the simulator's own, and a reader has to cope with others.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reconciler.simulator.activities import Outcome
from reconciler.simulator.answers import JsonObject, Request, invalid, json_object, text_list
from reconciler.simulator.contacts import Contact

if TYPE_CHECKING:
    from reconciler.simulator.state import Account

STATUSES: Final[Mapping[str, str]] = {
    "active": "active",
    "unsubscribed": "unsubscribed",
    "removed": "deleted",
}

_IDS_MOST = 500
_LISTS_MOST = 50
_FIELDS_MOST = 200

Cell = Callable[[Contact], object]


@dataclass(frozen=True)
class Export:
    """An export as it was accepted."""

    contact_ids: tuple[str, ...]
    list_ids: tuple[str, ...]
    excluded: frozenset[str]
    status: str | None
    """The contact's status as GET /contacts knows it."""
    fields: tuple[str, ...]


def read(request: Request, account: Account) -> Export:
    """Read an export's body, 400 where it can't be one; by default all fields of the whole account."""
    body = json_object(request)
    unserved = [name for name in ("tag_ids", "segment_id", "new_subscriber") if body.get(name)]
    if unserved:
        raise invalid(f"{unserved[0]}: the simulator has none.")
    contact_ids, list_ids = (
        text_list(body, "contact_ids", _IDS_MOST),
        text_list(body, "list_ids", _LISTS_MOST),
    )
    if contact_ids and list_ids:
        raise invalid("contact_ids and list_ids exclude each other.")
    if any(account.open_list(each) is None for each in list_ids):
        raise invalid("list_ids: not a list of this account.")
    fields = text_list(body, "fields", _FIELDS_MOST) or tuple(_columns(account))
    if any(name not in _columns(account) for name in fields):
        raise invalid(f"fields: possible are {', '.join(_columns(account))}.")
    return Export(contact_ids, list_ids, _excluded(body), _status(body), fields)


def _status(body: JsonObject) -> str | None:
    status = body.get("status")
    if status is not None and status not in STATUSES:
        raise invalid(f"status must be one of {', '.join(STATUSES)}.")
    return STATUSES[str(status)] if status is not None else None


def _excluded(body: JsonObject) -> frozenset[str]:
    exclude = body.get("exclude") or {}
    if not isinstance(exclude, dict):
        raise invalid("exclude must be an object.")
    return frozenset(text_list(exclude, "contact_ids", _IDS_MOST))


def write(account: Account, wanted: Export) -> Outcome:
    """Write the file as the contacts are now."""
    columns = _columns(account)
    cells = [cell for name in wanted.fields for cell in columns[name]]
    contacts = list(_chosen(account, wanted))
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([header for header, _ in cells])
    writer.writerows([_text(cell(contact)) for _, cell in cells] for contact in contacts)
    counts = {"items_total_count": len(contacts), "items_completed_count": len(contacts)}
    return Outcome(counts, text.getvalue().encode())


def _chosen(account: Account, wanted: Export) -> Iterator[Contact]:
    for contact in account.live.contacts.values():
        if wanted.contact_ids and contact.contact_id not in wanted.contact_ids:
            continue
        if wanted.list_ids and not set(wanted.list_ids) & set(contact.lists):
            continue
        if contact.contact_id not in wanted.excluded and _has_status(contact, wanted, account):
            yield contact


def _has_status(contact: Contact, wanted: Export, account: Account) -> bool:
    if wanted.status:
        return contact.status == wanted.status
    return not contact.deleted_at or account.switches.export_includes_deleted


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _columns(account: Account) -> dict[str, list[tuple[str, Cell]]]:
    """Say which columns each of `fields` gives, in the order of a file that has them all."""
    names = {list_id: each.name for list_id, each in account.lists.items()}
    columns: dict[str, list[tuple[str, Cell]]] = {
        "contact_id": [("Contact ID", lambda c: c.contact_id)],
        "email_address": [("Email address", _email("address")), ("Email status", _email("permission"))],
        "first_name": [("First name", _detail("first_name"))],
        "last_name": [("Last name", _detail("last_name"))],
        "company_name": [("Company", _detail("company_name"))],
        "job_title": [("Job title", _detail("job_title"))],
        "phone_number": [(f"Phone - {kind}", _phone(kind)) for kind in ("home", "mobile", "work", "other")],
    }
    for field, header, part in _ADDRESS_COLUMNS:
        columns[field] = [(f"{header} - {kind}", _part(kind, part)) for kind in ("home", "work", "other")]
    columns |= {
        "birthday_month": [("Birthday month", _detail("birthday_month"))],
        "birthday_day": [("Birthday day", _detail("birthday_day"))],
        "anniversary": [("Anniversary", _detail("anniversary"))],
        "email_lists": [("Email Lists", lambda c: ", ".join(names[each] for each in c.lists))],
        "source_name": [("Source Name", lambda c: c.create_source)],
        "email_optin_source": [("Email opt-in source", _email("opt_in_source"))],
        "email_optin_date": [("Email opt-in date", _email("opt_in_date"))],
        "email_optout_source": [("Email opt-out source", _email("opt_out_source"))],
        "email_optout_date": [("Email opt-out date", _email("opt_out_date"))],
        "email_optout_reason": [("Email opt-out reason", _email("opt_out_reason"))],
        "created_at": [("Created At", lambda c: c.created_at)],
        "updated_at": [("Updated At", lambda c: c.updated_at)],
        "deleted_at": [("Deleted At", lambda c: c.deleted_at)],
    }
    for each in account.custom_fields.values():
        columns[each.name] = [(each.label, _custom(each.custom_field_id))]
    return columns


_ADDRESS_COLUMNS = (
    ("street", "Street address", "street"),
    ("city", "City", "city"),
    ("state", "State/Province", "state"),
    ("zip", "Zip/Postal Code", "postal_code"),
    ("country", "Country", "country"),
)


def _email(name: str) -> Cell:
    return lambda contact: getattr(contact.email, name, None)


def _detail(name: str) -> Cell:
    return lambda contact: contact.details.get(name)


def _phone(kind: str) -> Cell:
    return lambda contact: next((each.number for each in contact.phones if each.kind == kind), None)


def _part(kind: str, part: str) -> Cell:
    return lambda contact: next((each.parts.get(part) for each in contact.addresses if each.kind == kind), None)


def _custom(field_id: str) -> Cell:
    return lambda contact: contact.custom.get(field_id)
