"""What takes a run back by hand: whom it added, and the values that it replaced. Standard library only."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from reconciler import fields

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

#: What the import on Constant Contact's own page calls the fields (knowledge base, article 37423). The page lets people
#: match a column by hand where it knows no heading for it.
_ADDRESS: Final = "Email Address"
_HEADINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "first_name": "First Name",
        "last_name": "Last Name",
        "job_title": "Job Title",
        "company_name": "Company",
        "birthday_month": "Birthday",
        "anniversary": "Anniversary",
        "mobile_phone": "Phone Number - Mobile",
        "work_phone": "Phone Number - Work",
        "home_phone": "Phone Number - Home",
        "other_phone": "Phone Number - Other",
        "phone": "Phone Number - Other",
    }
)
_PARTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "street": "Address Line 1",
        "city": "City",
        "state": "State / Province",
        "postal_code": "Zip / Postal Code",
        "country": "Country",
    }
)
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
FIELDS_HEADER: Final = ("contact_id", "email", "field", "before", "after", "by_import", "crm_before", "for_crm")
_YES: Final = "yes"


@dataclass(frozen=True, slots=True)
class Done:
    """One thing that a run did: a person was added (no field), or a field changed from what to what."""

    contact_id: str
    #: The address that the person has there now.
    email: str
    field: str | None
    before: str
    after: str
    #: The person's fields there now; None: they are not on the list.
    present: Mapping[str, str] | None
    #: Whether the field still is as the run left it.
    is_as_left: bool
    #: What the CRM had, blank where it had nothing; None: it is not known that the CRM had changed it.
    crm_before: str | None = None
    #: The address that the contact had until the CRM gave it another member's, whose values `before` are then.
    moved_from: str | None = None

    @property
    def by_import(self) -> str:
        """`yes` where an import puts the old value back, else why none does."""
        if self.field == "email":
            return "no: an import knows people by their address, and can't change it"
        if not self.before:
            return "no: it was blank, and an import leaves a field alone that is blank in the file"
        if self.present is None:
            return "no: not on the list now"
        return _YES if self.is_as_left else "no: changed there since"

    @property
    def for_crm(self) -> str:
        """`yes` where the CRM is as it was with `crm_before`, else why that is not known."""
        if self.moved_from is not None:
            return f"no: the address moved from {self.moved_from} to another member, whose value it was"
        return _YES if self.crm_before is not None else "no: not known to have been changed in the CRM"


@dataclass(frozen=True, slots=True)
class Undo:
    """All that a run did."""

    done: Sequence[Done]

    @property
    def added(self) -> Sequence[str]:
        """The addresses of the people that the run put on the list."""
        return [each.email for each in self.done if each.field is None]

    @property
    def changed(self) -> Sequence[Done]:
        """The fields that the run changed."""
        return [each for each in self.done if each.field is not None]

    @property
    def put_back(self) -> Sequence[Done]:
        """Those of them whose old value an import puts back."""
        return [each for each in self.changed if each.by_import == _YES]

    @property
    def for_crm(self) -> Sequence[Done]:
        """Those of them that the CRM itself had changed, with the value that it had."""
        return [each for each in self.changed if each.for_crm == _YES]

    @property
    def moved(self) -> Sequence[Done]:
        """Those of contacts whose address moved to another member: nothing of them is for the CRM."""
        return [each for each in self.changed if each.moved_from is not None]

    def fields_table(self) -> Iterator[Sequence[str]]:
        """Every changed field, for `FIELDS_HEADER`."""
        for each in self.changed:
            told = (each.by_import, each.crm_before or "", each.for_crm)
            yield (each.contact_id, each.email, str(each.field), each.before, each.after, *told)

    def import_table(self) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
        """Header and rows of a file for Constant Contact's import: the old values, a row for each person."""
        groups = itertools.groupby(self.put_back, lambda each: (each.contact_id, each.email))
        people = [(email, _columns(list(group))) for (_, email), group in groups]
        used = {name for _, columns in people for name in columns}
        ordered = [name for name in _known_headings() if name in used]
        header = [*ordered, *sorted(used.difference(ordered))]
        return (_ADDRESS, *header), [(email, *(columns.get(name, "") for name in header)) for email, columns in people]


def _columns(person: Sequence[Done]) -> dict[str, str]:
    """One person's old values by heading. An address and a birthday go whole, as they do in every import of ours."""
    old = {str(each.field): each.before for each in person}
    there = {**(person[0].present or {}), **old}
    values = {name: there[name] for name in fields.whole(old, there)}
    if values.keys() & set(fields.BIRTHDAY):
        values["birthday_month"] = _birthday(values)
        values.pop("birthday_day", None)
    return {_heading(name): value for name, value in values.items()}


def _birthday(values: Mapping[str, str]) -> str:
    """A birthday as the import takes one without its year, such as 31-May; blank where half of it is missing."""
    month, day = (values.get(name, "") for name in fields.BIRTHDAY)
    return f"{day}-{_MONTHS[int(month) - 1]}" if month and day else ""


def _heading(field: str) -> str:
    if fields.is_custom(field):
        return field.removeprefix(fields.CUSTOM)
    kind, _, part = field.partition("_")
    return _HEADINGS.get(field) or f"{kind.capitalize()} {_PARTS[part]}"


def _known_headings() -> Iterable[str]:
    """All but those of custom fields, each once."""
    return dict.fromkeys(_heading(name) for name in fields.STANDARD if name != "birthday_day")
