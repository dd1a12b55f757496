"""Changed contacts out of the CRM, and the window that was read.

Contacts are normalised once, here: trimmed, the address folded for comparing, empty is empty. They are copied in bulk,
with the new watermark in the same transaction.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import unicodedata
from typing import TYPE_CHECKING, Any, Final

import email_validator

from reconciler import fields
from reconciler.domain import Contact
from reconciler.errors import StatementError
from reconciler.ledger import contacts as mirror
from reconciler.ledger import watermarks
from reconciler.redaction import masked_addresses
from reconciler.window import Reading, Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from reconciler.crm import Column, Crm, Origin
    from reconciler.ledger.connections import Connection
    from reconciler.ledger.database import Transaction

REQUIRED: Final = ("contact_id", "email")
#: Columns that are not fields, and the types they may have; None: any that can be cast to text.
_OWN: Final[Mapping[str, tuple[str, ...] | None]] = {
    "contact_id": None,
    "email": None,
    "changed_at": ("timestamp with time zone",),
    "row_age": ("integer", "bigint"),
    "eligible": ("boolean",),
    "opted_out": ("boolean",),
}
#: Constant Contact's longest address (provider's contract, `EmailAddress.address`).
LONGEST_ADDRESS: Final = 80
_LONGEST_ID: Final = 255


def extract(
    tx: Transaction, crm: Crm, connection: Connection, run_id: int, hash_of: Callable[[str], bytes], *, whole: bool
) -> Reading:
    """Copy changed contacts, or all, and the new watermark into the ledger, in the transaction `tx`.

    Raises StatementError where the statement returns a contact twice or without an id.
    """
    since = None if whole else _since(tx, connection)
    with crm.snapshot() as snapshot:
        origin = snapshot.origin()
        found = snapshot.of(connection.workspace).rows(connection.statement, _wanted(connection), since=since)
        read = mirror.stage(tx, contacts(found, _wanted(connection), connection.custom_field_types), hash_of)
    _refuse_doubled(tx)
    changed = mirror.merge(tx, connection.connection_id)
    gone = mirror.mark_gone(tx, connection.connection_id) if since is None else 0
    if since is not None:
        mirror.note_reads(tx, run_id)
    window = _window(connection, since, origin)
    mirror.move_watermark(tx, connection.connection_id, window, _where(origin))
    return Reading(window, read, changed, gone)


def extract_again(
    tx: Transaction, crm: Crm, connection: Connection, contact_ids: Sequence[str], hash_of: Callable[[str], bytes]
) -> None:
    """Read some contacts once more, by id, into the mirror. Who is not returned is gone. No watermark moves."""
    with crm.snapshot() as snapshot:
        found = snapshot.of(connection.workspace).rows(connection.statement, _wanted(connection), among=contact_ids)
        mirror.stage(tx, contacts(found, _wanted(connection), connection.custom_field_types), hash_of)
    _refuse_doubled(tx)
    mirror.merge(tx, connection.connection_id)
    mirror.mark_gone(tx, connection.connection_id, contact_ids)


def check(crm: Crm, statement: str, workspace: str) -> dict[str, str]:
    """The statement's columns and their types. Raises StatementError that names every fault at once."""
    if "\0" in statement:
        raise StatementError("the CRM statement has a NUL byte in it", advice="save it as plain UTF-8 text")
    with crm.snapshot() as snapshot:
        columns = snapshot.of(workspace).columns(statement)
        if faults := _faults(columns):
            raise StatementError("; ".join(faults), advice="docs/reference/crm-statement.md lists the columns")
        with contextlib.closing(snapshot.rows(statement, [column.name for column in columns])) as rows:
            next(rows, None)
    return {column.name: column.type for column in columns}


def mode(columns: Mapping[str, str]) -> str:
    """Which window the statement's columns allow: `overlap` where there is a time, else everything every run."""
    return "overlap" if "changed_at" in columns else "whole"


def fold(address: str) -> str:
    """An address for comparing: without regard to letter case, and a domain in ASCII form is the one it stands for."""
    local, at, domain = address.strip().rpartition("@")
    if "xn--" in domain.casefold():
        domain = ".".join(map(_label, domain.split(".")))
    return unicodedata.normalize("NFC", f"{local}{at}{domain}").lower()


def _label(label: str) -> str:
    """A label of a domain, out of its ASCII form. What is no such form stays as it is."""
    if label[:4].casefold() != "xn--":
        return label
    with contextlib.suppress(ValueError):
        decoded = label[4:].casefold().encode("ascii").decode("punycode")
        decoded.encode()  # half of a surrogate pair is no text
        return label if decoded.isascii() else decoded.strip()
    return label


def contacts(
    rows: Iterable[Sequence[Any]], columns: Sequence[str], types: Mapping[str, str] | None = None
) -> Iterator[Contact]:
    """Rows of the statement as contacts. `types` are those of the custom fields, by name."""
    at = {name: index for index, name in enumerate(columns)}
    named = [(name, index) for name, index in at.items() if name not in _OWN]
    for row in rows:
        values = {name: row[index] for name, index in named if row[index]}
        yield contact(
            row[at["contact_id"]],
            row[at["email"]],
            values,
            eligible="eligible" not in at or row[at["eligible"]] is True,
            opted_out="opted_out" in at and row[at["opted_out"]] is True,
            types=types,
        )


def contact(
    contact_id: str | None,
    address: str | None,
    values: Mapping[str, str],
    *,
    eligible: bool,
    opted_out: bool,
    types: Mapping[str, str] | None = None,
) -> Contact:
    """One contact, normalised."""
    if not contact_id or len(contact_id) > _LONGEST_ID:
        raise StatementError(
            "the CRM statement returned a contact whose contact_id is "
            + (f"longer than {_LONGEST_ID} characters" if contact_id else "NULL or empty"),
            advice="contact_id must be a unique id that is always there",
        )
    trimmed = (address or "").strip()
    normal, fault = _address(trimmed) if trimmed else ("", "")
    kept, refused = fields.usable(values, types or {})
    folded = fold(normal) if normal and not fault else ""
    return Contact(
        contact_id, normal or trimmed[: LONGEST_ADDRESS * 4], folded, fault, eligible, opted_out, kept, refused
    )


def _address(text: str) -> tuple[str, str]:
    """The address as it is sent, or why it can't be used."""
    if len(text) > LONGEST_ADDRESS:
        return "", f"longer than the {LONGEST_ADDRESS} characters Constant Contact takes"
    try:
        return email_validator.validate_email(text, check_deliverability=False).normalized, ""
    except email_validator.EmailNotValidError as error:
        return "", f"not an e-mail address: {str(error).rstrip('.')}"


def _since(tx: Transaction, connection: Connection) -> dt.datetime | None:
    until = watermarks.until(tx, connection.connection_id)
    if until is None or mode(connection.columns) == "whole":
        return None
    return until - dt.timedelta(seconds=connection.limits.overlap_seconds)


def _window(connection: Connection, since: dt.datetime | None, origin: Origin) -> Window:
    overlap = connection.limits.overlap_seconds if since else 0.0
    return Window(mode(connection.columns), since, origin.now, overlap)


def _where(origin: Origin) -> mirror.Origin:
    return mirror.Origin(origin.host, origin.database, origin.system_identifier, origin.timeline)


def _wanted(connection: Connection) -> list[str]:
    return [name for name in connection.columns if name not in ("changed_at", "row_age")]


def _refuse_doubled(tx: Transaction) -> None:
    if doubled := mirror.doubled(tx):
        raise StatementError(
            f"the CRM statement returned contact_id {masked_addresses(', '.join(doubled))} more than once",
            advice="each contact must be one row: look for a join that multiplies rows",
        )


def _faults(columns: Sequence[Column]) -> list[str]:
    names = [column.name for column in columns]
    faults = [f"the column {name} is missing" for name in REQUIRED if name not in names]
    faults += [f"the column {name} is there twice" for name in dict.fromkeys(names) if names.count(name) > 1]
    faults += [
        f"the column {name} is none that the reconciler knows"
        for name in dict.fromkeys(names)
        if name not in _OWN and not fields.is_field(name)
    ]
    if "phone" in names and "other_phone" in names:
        faults.append("phone and other_phone are one place at Constant Contact: keep one of them")
    if sum(map(fields.is_custom, names)) > fields.MOST_CUSTOM_FIELDS:
        faults.append(f"a contact has at most {fields.MOST_CUSTOM_FIELDS} custom fields")
    for column in columns:
        allowed = _OWN.get(column.name)
        if allowed and column.type not in allowed:
            faults.append(f"the column {column.name} is of type {column.type}, it must be {' or '.join(allowed)}")
    return faults
