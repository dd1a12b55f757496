"""Whether both sides agree, contact by contact: looked up in the CRM and at Constant Contact, not in the ledger."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import email_validator

from reconciler import fields
from reconciler.demo.account import folded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.demo.stage import Stage

#: Sage's columns beside Constant Contact's properties.
_COMPARED: Final = {"first_name": "first_name", "last_name": "last_name", "company": "company_name"}
_KINDS: Final = {"phone": "other", "mobile": "mobile"}


@dataclass
class Agreement:
    """What was compared, and each contact on which the sides differ."""

    on_list: int = 0
    kept_off: int = 0
    strangers: int = 0
    differences: list[str] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        return not self.differences and self.on_list > 0


def compare(stage: Stage, off: set[str], drifted: Mapping[str, str]) -> Agreement:
    """Compare both sides.

    `off`: addresses that must not be on the list; `drifted`: by address, the field that was kept as it is there.
    """
    present = stage.account.look().members()
    wanted = _wanted(stage)
    found = Agreement(strangers=len(present.keys() - wanted.keys()))
    for address, rows in sorted(wanted.items()):
        member = present.get(address)
        if address in off:
            found.kept_off += 1
            if member is not None:
                found.differences.append(f"contact {rows[0]['id']} is on the list although kept off")
        elif member is None:
            found.differences.append(f"contact {rows[0]['id']} is not on the list")
        else:
            found.on_list += 1
            if all(_differs(row, member, drifted.get(address)) for row in rows):
                found.differences.append(f"contact {rows[0]['id']}: {_differs(rows[0], member, None)} differs")
    return found


def _wanted(stage: Stage) -> dict[str, list[dict[str, Any]]]:
    """Who belongs on the list by the CRM's own words; an address that one of its contacts opted out of does not."""
    names = ("id", "email", *_COMPARED, *_KINDS, "marketing_opt_out", "deleted_at")
    rows = [dict(zip(names, row, strict=True)) for row in stage.sql(f"SELECT {', '.join(names)} FROM contacts")]
    opted_out = {folded(row["email"]) for row in rows if row["marketing_opt_out"] and row["email"]}
    wanted: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        address = folded(row["email"] or "")
        if row["deleted_at"] is None and address not in opted_out and _is_address(address):
            wanted.setdefault(address, []).append(row)
    return wanted


def _differs(row: Mapping[str, Any], member: Mapping[str, Any], drifted: str | None) -> str:
    """The first field that differs; fields that Constant Contact can't take were left out."""
    there = {name: member.get(name, "") for name in _COMPARED.values()}
    there |= {phone["kind"]: phone["phone_number"] for phone in member.get("phone_numbers", ())}
    for column, name in {**_COMPARED, **_KINDS}.items():
        value = fields.tidy(row[column] or "")
        limit = fields.longest("phone" if column in _KINDS else name)
        if value and len(value) <= limit and value != there.get(name) and name != drifted:
            return column
    return ""


def _is_address(address: str) -> bool:
    try:
        email_validator.validate_email(address, check_deliverability=False)
    except email_validator.EmailNotValidError:
        return False
    return True
