"""What the list should show, worked out from what people did on both sides and not from what the program made of it.

Where it can't be said for certain what is right, such as of somebody who left before anybody could have seen her on
the list, nothing is expected of an address, and nothing is forbidden.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tests.faults import checker

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.faults.checker import Wrong
    from tests.faults.worlds import World

    Row = Mapping[str, Any]
    Person = Mapping[str, Any]

_RUNNING = ("initialized", "processing")
_IMPORT = "bulkImportContactsJSON"


@dataclass(frozen=True)
class Now:
    """Both sides as they are: the CRM's rows by id, and people by address."""

    rows: Mapping[str, Row]
    people: Mapping[str, Person]
    listed: Mapping[str, Person]
    #: Whoever is in an import that was taken and is not done.
    under_way: frozenset[str]

    @classmethod
    def of(cls, world: World) -> Now:
        state = world.api.door.state()
        rows = checker._rows(world.installation.url, "SELECT * FROM contacts ORDER BY id")
        people = checker._people(state)
        listed = {address: one for address, one in people.items() if checker._is_on(one, world.api.list_id)}
        return cls({str(row["id"]): row for row in rows}, people, listed, _under_way(state))

    @property
    def groups(self) -> Mapping[str, list[str]]:
        """The rows of each address, by id."""
        found: dict[str, list[str]] = defaultdict(list)
        for row_id, row in self.rows.items():
            found[row["email"]].append(row_id)
        return found


@dataclass
class Expected:
    """What is remembered of what people did; addresses, rows and members by their ids."""

    #: Members who unsubscribed, were deleted, or left the list on which they had been seen.
    off: set[str] = field(default_factory=set)
    #: Members of whom it can't be said, because an import with them was under way, or they were never seen.
    unclear: set[str] = field(default_factory=set)
    #: Rows that are, or may be, of somebody who is off: the list owes them nothing any more.
    kept_off: set[str] = field(default_factory=set)
    #: Rows that certainly take being off along to an address of their own.
    follows: set[str] = field(default_factory=set)
    #: Rows that once shared an address, or took one that somebody else had.
    mixed: set[str] = field(default_factory=set)
    #: The member that a row was certainly in step with.
    linked: dict[str, str] = field(default_factory=dict)
    had: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    strangers: set[str] = field(default_factory=set)
    #: When a row's column first had a value, and what was typed at Constant Contact, and when.
    born: dict[tuple[str, str, str], int] = field(default_factory=dict)
    typed: dict[tuple[str, str], tuple[str, int]] = field(default_factory=dict)
    #: Where rows were when they were deleted from the CRM.
    ghosts: dict[str, str] = field(default_factory=dict)

    @classmethod
    def at_first(cls, world: World, now: Now) -> Expected:
        """In step, but for those who were off before."""
        made = cls(strangers=set(world.strangers))
        made.off = {now.people[address]["contact_id"] for address in world.off}
        made.in_step(now)
        return made

    def notice(self, now: Now) -> None:
        """Whoever has or had an address of somebody who is off, or may be, may be that person, and is so for good."""
        gone = {address for address, one in now.people.items() if one["contact_id"] in self.off | self.unclear}
        for row_id, row in now.rows.items():
            self.had[row_id].add(row["email"])
        self.kept_off |= {row_id for row_id, addresses in self.had.items() if addresses & gone}

    def in_step(self, now: Now) -> None:
        """A run went through undisturbed and left nothing open: whoever is on the list was seen there."""
        self.notice(now)
        for address, row_ids in self.required(now).items():
            if address in now.listed and len(row_ids) == 1:
                self.linked[row_ids[0]] = now.listed[address]["contact_id"]

    def takes(self, row_id: str, address: str, now: Now) -> None:
        """A row gets an address; `now` is from before."""
        others = {other for other, addresses in self.had.items() if other != row_id and address in addresses}
        there = now.people.get(address)
        if others or (there and there["contact_id"] != self.linked.get(row_id)):
            self.mixed |= {row_id, *others}
        self.had[row_id].add(address)

    def goes_off(self, address: str, now: Now, *, can_be_known: bool) -> None:
        """Somebody unsubscribes, leaves or is deleted at Constant Contact.

        `can_be_known`: the status itself tells it. That somebody left is known of those only who were seen there.
        """
        member = now.people[address]["contact_id"]
        mine = {row_id for row_id, linked in self.linked.items() if linked == member}
        is_certain = (can_be_known or bool(mine)) and address not in now.under_way
        (self.off if is_certain else self.unclear).add(member)
        self.kept_off |= mine
        if is_certain:
            self.follows |= {row_id for row_id in mine - self.mixed if row_id in now.rows}

    def required(self, now: Now) -> Mapping[str, list[str]]:
        """The addresses that belong on the list, each with the rows of which one is synced."""
        found = {}
        for address, row_ids in now.groups.items():
            wanted = [row_id for row_id in row_ids if checker._belongs(now.rows[row_id])]
            if wanted and not self._is_refused(now, row_ids) and not self._is_excused(now, address, row_ids):
                found[address] = wanted
        return found

    def forbidden(self, now: Now) -> set[str]:
        """The addresses that nobody may put on the list, nor write to: of who is off, wherever the CRM has them."""
        of_members = {address for address, one in now.people.items() if one["contact_id"] in self.off}
        followed = {now.rows[row_id]["email"] for row_id in self.follows - self.mixed if row_id in now.rows}
        return of_members | {address for address in followed if address not in now.people}

    def sendable(self, now: Now) -> set[str]:
        """The only addresses that may be written to: of who is wanted, with nobody of that address opted out."""
        wanted = {
            address
            for address, row_ids in now.groups.items()
            if not self._is_refused(now, row_ids) and any(checker._belongs(now.rows[row_id]) for row_id in row_ids)
        }
        return wanted - self.forbidden(now)

    def others(self, now: Now) -> set[str]:
        """Who may be on the list beside whom the CRM has: strangers, and where somebody was who is no longer wanted."""
        owed = {row_id for row_ids in self.required(now).values() for row_id in row_ids}
        left = [addresses for row_id, addresses in self.had.items() if row_id not in owed or row_id in self.mixed]
        return self.strangers.union(*left)

    def excuse(self, found: Wrong, now: Now) -> Wrong:
        """What of it is wrong: less is owed than to everybody in the CRM, and what was typed there may stay."""
        owed = self.required(now)
        stale = [who for who in found.stale if who in owed and not self._shows_one(now, owed[who], now.listed[who])]
        return replace(found, lost=tuple(who for who in found.lost if who in owed), stale=tuple(stale))

    def _is_refused(self, now: Now, row_ids: list[str]) -> bool:
        return any(now.rows[row_id]["marketing_opt_out"] for row_id in row_ids)

    def _is_excused(self, now: Now, address: str, row_ids: list[str]) -> bool:
        there = now.people.get(address)
        is_gone = there is not None and there["contact_id"] in self.off | self.unclear
        ghosts = {row_id for row_id, last in self.ghosts.items() if last == address}
        return is_gone or bool(self.kept_off & {*row_ids, *ghosts})

    def _shows_one(self, now: Now, row_ids: list[str], person: Person) -> bool:
        return any(
            all(self._shows(now.rows[row_id], person, column, name) for column, name in checker._FIELDS.items())
            for row_id in row_ids
        )

    def _shows(self, row: Row, person: Person, column: str, name: str) -> bool:
        wanted, there = row[column], person.get(name)
        value, at = self.typed.get((person["contact_id"], name), ("", 0))
        is_older = self.born.get((str(row["id"]), column, wanted), 0) < at
        return not wanted or there == wanted or (there == value and is_older)


def _under_way(state: Mapping[str, Any]) -> frozenset[str]:
    since = min((each["created_at"] for each in state["activities"] if each["state"] in _RUNNING), default=None)
    if since is None:
        return frozenset()
    asked = [entry for entry in state["history"] if entry["operation"] == _IMPORT and entry["at"] >= since]
    return frozenset(address.lower() for entry in asked for address in entry["emails"])
