"""What a run will cost, before it makes a call: as well as can be known from the ledger."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Protocol

from reconciler import delta, pull, reading
from reconciler.ledger import batches, guards, members, plans, usage
from reconciler.page import number

if TYPE_CHECKING:
    from reconciler.ledger.connections import Connection
    from reconciler.ledger.database import Transaction
    from reconciler.ledger.plans import Size
    from reconciler.limits import Limits

#: What an export of the list takes, with waiting for it and with what changed on the list.
_EXPORT_CALLS: Final = 10
#: How often an import is asked about: how long it takes is not documented. By then half a minute has gone by.
_POLLS: Final = 4
_POLLS_SECONDS: Final = 30
#: Read, write, read.
_SINGLE_CALLS: Final = 3


class Planned(Protocol):
    """A run that made a plan: its report, or its row in the ledger."""

    @property
    def run_id(self) -> int: ...
    @property
    def mode(self) -> str: ...
    @property
    def reason(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Situation:
    """What decides how many calls a run makes."""

    adds: int = 0
    updates: int = 0
    #: Contacts that go by calls of their own.
    singles: int = 0
    body_bytes: int = 0
    #: Members of the list, and everybody of the account of whom the mirror knows; the deleted among them.
    listed: int = 0
    people: int = 0
    deleted: int = 0
    #: Whom the changes concern; beyond the limit for single reads it does not matter how many.
    concerned: int = 0
    unsettled: int = 0
    reads_everybody: bool = False

    @property
    def changes(self) -> int:
        return self.adds + self.updates


@dataclass(frozen=True, slots=True)
class Forecast:
    """About how many calls and minutes a run takes; the calls that are left today; on how many UTC days it goes on."""

    calls: int
    minutes: int
    left_today: int
    days: int

    def to_json(self) -> dict[str, Any]:
        return {"calls": self.calls, "minutes": self.minutes, "left_today": self.left_today, "days": self.days}

    @property
    def sentence(self) -> str:
        """The forecast in words."""
        left = f"{self.left_today:,} are left today"
        if not self.calls:
            return f"A run would make no call; {left}."
        cost = f"A run would make about {number(self.calls, 'call')} in about {number(self.minutes, 'minute')}; {left}"
        if self.days <= 1:
            return f"{cost}."
        return f"{cost}: it would stop there, and go on after 00:00 UTC, on {self.days} days in all."


def of_plan(tx: Transaction, connection: Connection, planned: Planned, pace: tuple[float, int]) -> Forecast:
    """What a run right after this plan would cost, at a pace a second and a UTC day."""
    situation = _situation(tx, connection, planned)
    cost = reading_calls(situation, connection.limits) + writing_calls(situation, connection.limits)
    found = _forecast(tx, connection, cost, pace, waits=_POLLS_SECONDS if situation.changes else 0)
    # Of what goes by calls of its own only today's is in the cost.
    most = max(1, connection.limits.singles_per_day)
    return replace(found, days=max(found.days, math.ceil(plans.size(tx, planned.run_id).singles / most)))


def of_writing(tx: Transaction, connection: Connection, run_id: int, pace: tuple[float, int]) -> Forecast:
    """What is still to come of a run that has read both sides: its imports, and looking for what became of them."""
    size = plans.size(tx, run_id)
    situation = Situation(size.adds, size.updates, _singles(tx, connection, size), size.bytes)
    return _forecast(tx, connection, writing_calls(situation, connection.limits), pace, waits=_POLLS_SECONDS)


def reading_calls(found: Situation, limits: Limits) -> int:
    """The calls before the first write: the list, who is on it and who is off, and what earlier runs left open."""
    if not (found.changes or found.singles or found.unsettled or found.reads_everybody):
        return 0
    open_calls = 1 + 2 * found.unsettled if found.unsettled else 0
    if found.reads_everybody:
        return 1 + open_calls + reading.pages(found.people)
    if found.concerned <= limits.membership_singles:
        return 1 + open_calls + found.concerned
    by_pages = reading.pages(found.listed)
    membership = by_pages if by_pages <= pull.FEW_PAGES else _EXPORT_CALLS
    return 3 + open_calls + membership + min(found.adds, reading.pages(found.deleted))


def writing_calls(found: Situation, limits: Limits) -> int:
    """The calls from the first write on: imports, how they are, the read-back, and the list's count."""
    calls = _SINGLE_CALLS * found.singles
    if found.changes:
        by_bytes = math.ceil(found.body_bytes / limits.batch_bytes)
        imports = max(by_bytes, math.ceil(found.changes / limits.batch_contacts))
        calls += imports + _POLLS + delta.calls(found.changes, found.listed or found.changes) + 1
    return calls + 1 if calls else 0


def touched(tx: Transaction, connection_id: int, run_id: int) -> dict[str, Any]:
    """What a plan would touch: people the account has already; by field, values it replaces; who is active there."""
    return {
        "known": plans.size(tx, run_id).known,
        "overwritten": plans.overwritten(tx, run_id),
        "active": guards.people(tx, connection_id, run_id)[0],
    }


def _situation(tx: Transaction, connection: Connection, planned: Planned) -> Situation:
    mine, size = connection.connection_id, plans.size(tx, planned.run_id)
    # A first run uses what `connect` or `plan` has just read.
    is_whole = planned.mode == "full" and planned.reason != "first_run"
    return Situation(
        adds=size.adds,
        updates=size.updates,
        singles=_singles(tx, connection, size),
        body_bytes=size.bytes,
        listed=members.on_list_count(tx, mine),
        people=members.known_count(tx, mine),
        deleted=members.deleted_count(tx, mine),
        concerned=len(plans.people(tx, mine, planned.run_id, connection.limits.membership_singles + 1)),
        unsettled=len(batches.unsettled(tx, mine)),
        reads_everybody=is_whole or connection.pulled_whole_at is None,
    )


def _singles(tx: Transaction, connection: Connection, size: Size) -> int:
    """As many as the day allows."""
    return min(size.singles, plans.singles_left(tx, connection.connection_id, connection.limits.singles_per_day))


def _forecast(
    tx: Transaction, connection: Connection, calls: int, pace: tuple[float, int], *, waits: float
) -> Forecast:
    per_second, per_day = pace
    left = usage.left_today(tx, connection.account.key_fingerprint, per_day)
    minutes = math.ceil((calls / per_second + waits) / 60)
    days = 0 if not calls else 1 + max(0, math.ceil((calls - left) / per_day))
    return Forecast(calls, minutes, left, days)
