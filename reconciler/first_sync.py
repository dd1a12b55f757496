"""Looking at a first sync, or at a full resync, before it happens: what it would do, and what that costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from reconciler import connection_page, forecast, reconcile
from reconciler.domain import State
from reconciler.errors import AccessRefused, ReconcilerError, StatementError, UsageError
from reconciler.request import Request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.forecast import Forecast, Planned
    from reconciler.ledger.connections import Connection
    from reconciler.ledger.database import Ledger, Row
    from reconciler.reconcile import Parts
    from reconciler.report import Report

#: How a plan ends whose consequences can be shown, and what the others mean for who has just connected.
_LOOKED_AT: Final = (State.OBSERVED, State.NOTHING_TO_DO)
_UNSEEN: Final[Mapping[State, type[ReconcilerError]]] = {State.HELD: StatementError, State.DISCONNECTED: AccessRefused}


@dataclass(frozen=True, slots=True)
class Consequences:
    """What sending a plan would do."""

    planned: Mapping[str, Any]
    #: Of those added, people whom the account has already; by field, how many members' values are replaced.
    known: int
    overwritten: Mapping[str, int]
    #: Active contacts of the account before.
    active: int
    expected: Forecast

    @property
    def text(self) -> str:
        return connection_page.consequences(
            self.planned,
            known=self.known,
            overwritten=self.overwritten,
            active=self.active,
            **self.expected.to_json(),
        )

    def to_json(self) -> dict[str, Any]:
        """What a page shows; `planned` is the report of the plan."""
        told = {"known": self.known, "overwritten": dict(self.overwritten), "active": self.active}
        return {"planned": self.planned, **told, "expected": self.expected.to_json()}


def look(parts: Parts, name: str, actor: str) -> Consequences:
    """Plan the first sync of a connection that was just made. Nothing is pushed.

    Raises StatementError, AccessRefused or another ReconcilerError where it can't be looked at; the connection stays,
    and is not started.
    """
    outcome = reconcile.run(parts, name, Request("connect", actor, plan_only=True))
    parts.tell("")
    if outcome is None or isinstance(outcome, str):
        raise UsageError(f"the first sync can't be looked at now: {outcome}")
    if outcome.state not in _LOOKED_AT:
        error = _UNSEEN.get(outcome.state, ReconcilerError)
        raise error(
            f"{name} is connected, but not started, because the first sync can't be looked at: {outcome.message}",
            advice=f"correct it and connect again; until then nothing of {name} is pushed",
        )
    connection = reconcile.find(parts.ledger, name)
    return of_plan(parts.ledger, connection, outcome, parts.pace(connection))


def of_plan(ledger: Ledger, connection: Connection, planned: Report, pace: tuple[float, int]) -> Consequences:
    """What sending this plan would do, right after it was made."""
    return _of(ledger, connection, planned, planned.to_json(), pace)


def of_run(ledger: Ledger, connection: Connection, run: Row, pace: tuple[float, int]) -> Consequences:
    """What sending the plan of a run would do: of one that only planned, and a while ago at most."""
    return _of(ledger, connection, run, run.report, pace)


def _of(
    ledger: Ledger, connection: Connection, planned: Planned, told: Mapping[str, Any], pace: tuple[float, int]
) -> Consequences:
    with ledger.transaction() as tx:
        touched = forecast.touched(tx, connection.connection_id, planned.run_id)
        expected = forecast.of_plan(tx, connection, planned, pace)
    return Consequences(told, touched["known"], touched["overwritten"], touched["active"], expected)
