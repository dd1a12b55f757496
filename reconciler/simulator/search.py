"""GET /contacts: which contacts a query means, and in which order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reconciler.simulator.answers import invalid
from reconciler.simulator.clock import read_time, stamp, stamp_not_before
from reconciler.simulator.contacts import SUBRESOURCES, Contact
from reconciler.simulator.identifiers import is_uuid

if TYPE_CHECKING:
    from reconciler.simulator.index import Index
    from reconciler.simulator.paging import Query
    from reconciler.simulator.state import Account
    from reconciler.simulator.switches import Switches

LIVING: Final = frozenset({"active", "not_set", "pending_confirmation", "temp_hold", "unsubscribed"})
STATUSES: Final = frozenset({"all", "deleted", *LIVING})
RANGES: Final = ("updated", "created", "optout")
PARAMETERS: Final = frozenset(
    {"status", "email", "lists", "include", "include_count", "limit"}
    | {f"{name}_{side}" for name in RANGES for side in ("after", "before")}
)
LISTS_MOST: Final = 25
LIMIT_MOST: Final = 500


@dataclass(frozen=True)
class Range:
    """A range of times: from `low` up to, but without, `high`. Texts, as all times here."""

    name: str
    low: str
    high: str

    def has(self, contact: Contact) -> bool:
        """Say whether the contact's time of that name is within; one that has none is not."""
        if self.name == "updated":
            at: str | None = contact.updated_at
        else:
            at = contact.created_at if self.name == "created" else contact.opt_out_date
        return at is not None and self.low <= at and (not self.high or at < self.high)


@dataclass(frozen=True)
class Search:
    """What is looked for; equal searches find the same."""

    statuses: frozenset[str]
    email: str | None
    lists: frozenset[str]
    ranges: tuple[Range, ...]
    newest_first: bool

    def run(self, account: Account) -> list[Contact]:
        """Find the contacts, as far as the index has them."""
        index = account.searchable
        if self.email is not None:
            contact = index.by_address(self.email)
            return [contact] if contact and self._finds(contact) else []
        return index.found(self, lambda: self._all(index))

    def _all(self, index: Index) -> list[Contact]:
        known = index.members(next(iter(self.lists))) if len(self.lists) == 1 else index.contacts.values()
        found = [contact for contact in known if self._finds(contact)]
        return found[::-1] if self.newest_first else found

    def _finds(self, contact: Contact) -> bool:
        if self.lists and self.lists.isdisjoint(contact.lists):
            return False
        everybody = self.statuses is STATUSES  # asked for nearly always, and worth a shortcut
        return (everybody or contact.status in self.statuses) and all(each.has(contact) for each in self.ranges)


def read_search(query: Query, switches: Switches) -> Search:
    """Read the filters of GET /contacts; 400 where one isn't valid."""
    lists = query.text("lists")
    list_ids = frozenset(lists.split(",")) if lists else frozenset()
    if len(list_ids) > LISTS_MOST or not all(is_uuid(each) for each in list_ids):
        raise invalid(f"lists must be at most {LISTS_MOST} valid ids.")
    ranges = tuple(each for name in RANGES if (each := _range(name, query, switches)))
    return Search(_statuses(query, switches), query.text("email"), list_ids, ranges, switches.newest_first)


def read_include(query: Query) -> tuple[str, ...]:
    """Read which sub-resources are asked for."""
    return query.texts("include", SUBRESOURCES)


def _statuses(query: Query, switches: Switches) -> frozenset[str]:
    """Without a status all but the deleted are meant, says the documentation; staff says the active only."""
    statuses = frozenset(query.texts("status", STATUSES))
    if "all" in statuses:
        return STATUSES
    return statuses or (LIVING if switches.default_status == "not_deleted" else frozenset({"active"}))


def _range(name: str, query: Query, switches: Switches) -> Range | None:
    after, before = query.text(f"{name}_after"), query.text(f"{name}_before")
    if after is None and before is None:
        return None
    try:
        low = _lowest(after, inclusive=switches.after_is_inclusive) if after else ""
        return Range(name, low, stamp_not_before(read_time(before)) if before else "")
    except ValueError:
        raise invalid(f"{name}_after or {name}_before is not a valid ISO-8601 date.") from None


def _lowest(after: str, *, inclusive: bool) -> str:
    at = read_time(after)
    return stamp_not_before(at) if inclusive else stamp(int(at) + 1)
