"""What somebody has demanded of a run: that it pushes just the plan they saw, and starts the connection with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.endings import OtherPlan
from reconciler.ledger import connections

if TYPE_CHECKING:
    from reconciler.ledger.plans import Plan
    from reconciler.request import Request
    from reconciler.work import Work


def prepare(work: Work, request: Request) -> None:
    """Who needs somebody was only looked at until now: the run that starts says so again."""
    if request.starts:
        with work.write() as tx:
            connections.say_again(tx, work.connection.connection_id)


def demand(work: Work, plan: Plan, request: Request, why_not: str | None) -> None:
    """Go on with the plan that was demanded, and from now on runs push, where the run is to start the connection.

    `why_not` is why nothing is pushed. Raises OtherPlan where it is another plan; nothing is started then.
    """
    if request.only_if not in (None, plan.digest):
        raise OtherPlan(plan.digest)
    if request.starts and not why_not:
        with work.write() as tx:
            connections.start(tx, work.connection.connection_id)
