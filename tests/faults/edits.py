"""What people do to both sides at any time, told to the expectation of what the list should show."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.faults import checker
from tests.faults.expected import Expected, Now

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from tests.faults.worlds import World

#: So few rows may vanish that the source stays believable, and so few may go off that there is still somebody.
_MOST_VANISHED = 2
_MOST_OFF = 6


@dataclass
class Edits:
    """Whom it is about is said by a number, which counts round: so any number fits, however few there are."""

    world: World
    expected: Expected
    #: Counts what was done: no two values are the same.
    step: int = 0
    #: What was changed in the CRM, to be undone: row, column, and what stood there.
    undo: list[tuple[str, str, Any]] = field(default_factory=list)
    #: Rows vanished, and no full comparison since.
    vanished: int = 0

    def now(self) -> Now:
        return Now.of(self.world)

    def add(self, where: int) -> None:
        """A contact of a new address, or of somebody whom Constant Contact has and the CRM does not."""
        self.step += 1
        now = self.now()
        places = [f"new{self.step}@example.com", *sorted(now.people.keys() - now.groups.keys())]
        address, row_id = places[where % len(places)], str(uuid.UUID(int=1000 + self.step))
        self.expected.takes(row_id, address, now)
        name = f"New {self.step}"
        self.world.installation.add(address, id=row_id, first_name=name, company="Acorn")
        self._born(row_id, first_name=name, company="Acorn")

    def change(self, who: int, column: str) -> None:
        row_id, now = self._row(who)
        self._set(now, row_id, column, f"{column[:5].title()} {self.step}")

    def move(self, who: int) -> None:
        """To an address that nobody has ever had."""
        row_id, now = self._row(who)
        self._set(now, row_id, "email", f"moved{self.step}@example.com")

    def swap(self, who: int, other: int) -> None:
        """Two contacts with each other's addresses, at once."""
        (one, now), (two, _) = self._row(who), self._row(other)
        addresses = {one: now.rows[two]["email"], two: now.rows[one]["email"]}
        for row_id, address in addresses.items():
            self.expected.takes(row_id, address, now)
            self.undo.append((row_id, "email", now.rows[row_id]["email"]))
        statement = "UPDATE contacts SET email = CASE id WHEN %s THEN %s ELSE %s END WHERE id IN (%s, %s)"
        self.world.installation.sql(statement, one, addresses[one], addresses[two], one, two)

    def opt(self, who: int) -> None:
        """Out, or back in."""
        row_id, now = self._row(who)
        self._set(now, row_id, "marketing_opt_out", not now.rows[row_id]["marketing_opt_out"])

    def soft_delete(self, who: int) -> None:
        """Or bring back who was."""
        row_id, now = self._row(who)
        self._set(now, row_id, "deleted_at", None if now.rows[row_id]["deleted_at"] else "2026-01-01")

    def vanish(self, who: int) -> None:
        """The row is deleted."""
        row_id, now = self._row(who)
        if len(self.expected.ghosts) < _MOST_VANISHED:
            self.expected.ghosts[row_id] = now.rows[row_id]["email"]
            self.world.installation.sql("DELETE FROM contacts WHERE id = %s", row_id)
            self.vanished += 1

    def take_back(self) -> None:
        """Undo the latest change in the CRM, whatever has become of it."""
        if self.undo:
            row_id, column, before = self.undo.pop()
            now = self.now()
            if row_id in now.rows:
                self._set(now, row_id, column, before, is_undone=True)

    def joins(self, where: int) -> None:
        """A stranger of a new address, or somebody of the account who is not on the list."""
        self.step += 1
        now, api = self.now(), self.world.api
        others = sorted(address for address in now.people.keys() - now.listed.keys() if self._may_join(now, address))
        address = [f"stranger{self.step}@example.com", *others][where % (1 + len(others))]
        self.expected.strangers.add(address)
        action = "join_list" if address in now.people else "create"
        api.door.contact(action=action, email=address, list_id=api.list_id)

    def _may_join(self, now: Now, address: str) -> bool:
        """Who is neither off nor known to the CRM."""
        return address not in self.expected.forbidden(now) and address not in now.groups

    def goes_off(self, who: int, action: str) -> None:
        """Somebody on the list unsubscribes, leaves it, or is deleted."""
        address, now = self._member(who)
        if len(self.expected.off | self.expected.unclear) < _MOST_OFF:
            self.world.api.door.contact(action=action, email=address, list_id=self.world.api.list_id)
            self.expected.goes_off(address, now, can_be_known=action != "leave_list")

    def drifts(self, who: int, column: str) -> None:
        """Somebody on the list is edited there."""
        address, now = self._member(who)
        name, value = checker._FIELDS[column], f"There {self.step}"
        self.expected.typed[now.people[address]["contact_id"], name] = (value, self.step)
        self.world.api.door.contact(action="change", email=address, fields={name: value})

    def _set(self, now: Now, row_id: str, column: str, value: Any, *, is_undone: bool = False) -> None:
        if column == "email":
            self.expected.takes(row_id, value, now)
        if not is_undone:
            self.undo.append((row_id, column, now.rows[row_id][column]))
            self._born(row_id, **{column: value})
        self.world.installation.change(row_id, **{column: value})

    def _born(self, row_id: str, **columns: object) -> None:
        for column, value in columns.items():
            self.expected.born.setdefault((row_id, column, str(value)), self.step)

    def _row(self, who: int) -> tuple[str, Now]:
        self.step += 1
        now = self.now()
        return _chosen(who, now.rows), now

    def _member(self, who: int) -> tuple[str, Now]:
        self.step += 1
        now = self.now()
        return _chosen(who, now.listed), now


def _chosen(number: int, among: Collection[str] | Mapping[str, object]) -> str:
    return sorted(among)[number % len(among)]
