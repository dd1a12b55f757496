"""Which columns of an export show what: found by people who were read by pages at the same time.

What the columns are called, and how they show a value, is not documented. So no name alone is believed but that of the
contact's id. A column can be a field's own where it shows, of everybody who is known, just what a page shows. Where
several can, as all that are empty can, those are preferred that have the field's words in their name; and somebody of
whom these still differ is not shown clearly.
"""

from __future__ import annotations

import csv
import operator
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reconciler import fields
from reconciler.constant_contact import exports, wire
from reconciler.domain import Member, Status

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

#: So many people have to be in both readings.
_LEAST_KNOWN: Final = 20

_WORD: Final = re.compile(r"[^\W_]+")

Cells = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of one export: of each thing those that could be its own, at least one."""

    width: int
    member_id: int
    address: Sequence[int]
    fields: Mapping[str, Sequence[int]]
    #: None of them where no column shows it.
    updated_at: Sequence[int]

    def members(self, lines: Iterable[str], mapped: wire.Mapped) -> Iterator[Member | None]:
        """The people of the export; None in the place of each who is not shown clearly."""
        table = csv.reader(lines)
        take = {name: _taker(at) for name, at in {"": self.address, **self.fields}.items()}
        moments = _taker(self.updated_at) if self.updated_at else None
        try:
            next(table, None)
            for row in table:
                shown = {name: _agreed(taken(row)) for name, taken in take.items()} if len(row) == self.width else {}
                if not shown or None in shown.values() or not exports.is_id(row[self.member_id]):
                    yield None
                    continue
                updated_at = wire.moment(_agreed(moments(row))) if moments else None
                yield _member(row[self.member_id], shown, updated_at, mapped)
        except csv.Error:
            yield None


def columns_of(lines: Iterable[str], known: Sequence[Member], mapped: wire.Mapped) -> Columns | None:
    """Find the columns by those `known`; None where there are too few of them, or no column shows a field."""
    table = csv.reader(lines)
    try:
        header = next(table, [])
        member_id = exports.id_column(header)
        if member_id is None:
            return None
        there = {member.member_id: member for member in known if member.status.is_mailable and member.address}
        rows = [(row, there[row[member_id].lower()]) for row in table if _is_of(row, member_id, len(header), there)]
    except csv.Error:
        return None
    if len(rows) < _LEAST_KNOWN:
        return None
    could_be = _Agreeing(rows, range(len(header)))
    found = {name: _preferred(could_be(_reader(name, mapped), _value_of(name)), header, name) for name in mapped.fields}
    address = could_be(str.strip, lambda member: member.address)
    updated_at = could_be(wire.moment, lambda member: member.updated_at)
    return Columns(len(header), member_id, address, found, updated_at) if address and all(found.values()) else None


class _Agreeing:
    """Finds the columns that agree with what is known of everybody."""

    def __init__(self, rows: Sequence[tuple[Sequence[str], Member]], columns: Iterable[int]) -> None:
        self._rows, self._columns = rows, columns

    def __call__(self, read: Callable[[str], object], known: Callable[[Member], object]) -> list[int]:
        left = list(self._columns)
        for row, member in self._rows:
            wanted = known(member)
            left = [at for at in left if read(row[at]) == wanted]
        return left


def _preferred(columns: Sequence[int], header: Sequence[str], name: str) -> Sequence[int]:
    """Those with the field's words in their name, where there are any."""
    words = set(_WORD.findall("other_phone" if name == "phone" else name.removeprefix(fields.CUSTOM)))
    return [at for at in columns if words <= set(_WORD.findall(header[at].casefold()))] or columns


def _is_of(row: Sequence[str], column: int, width: int, there: Mapping[str, Member]) -> bool:
    return len(row) == width and row[column].lower() in there


def _reader(name: str, mapped: wire.Mapped) -> Callable[[str], str]:
    return lambda cell: fields.written(name, fields.tidy(cell), mapped.custom_types)


def _value_of(name: str) -> Callable[[Member], str]:
    return lambda member: member.fields.get(name, "")


def _taker(columns: Sequence[int]) -> Callable[[Sequence[str]], Cells]:
    if len(columns) > 1:
        return operator.itemgetter(*columns)
    return lambda row: (row[columns[0]],)


def _agreed(cells: Cells) -> str | None:
    """What all cells show; None where they differ."""
    return cells[0] if cells.count(cells[0]) == len(cells) else None


def _member(
    member_id: str, shown: Mapping[str, str | None], updated_at: dt.datetime | None, mapped: wire.Mapped
) -> Member:
    values = {name: _reader(name, mapped)(cell) for name, cell in shown.items() if name and cell}
    return Member(
        member_id=member_id.lower(),
        status=Status.IMPLICIT,
        on_list=True,
        address=(shown[""] or "").strip(),
        fields={name: value for name, value in values.items() if value},
        updated_at=updated_at,
    )
