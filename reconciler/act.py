"""Sending a plan, and what can stand in its way for a while."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from reconciler import connection_page, decide, forecast, push, singles
from reconciler.domain import State
from reconciler.endings import Ending
from reconciler.errors import QueueFull
from reconciler.halving import Search
from reconciler.record import counted

if TYPE_CHECKING:
    from reconciler.freshness import Freshness
    from reconciler.record import Told
    from reconciler.work import Work


def consequences(work: Work, told: Told, pace: tuple[float, int], what: str) -> str:
    """What sending the plan would do, for a person to read before anything is sent."""
    mine = work.connection.connection_id
    with work.ledger.transaction() as tx:
        planned = counted(tx, work.connection, work.run_id, Ending(State.OBSERVED), told)
        touched = forecast.touched(tx, mine, work.run_id)
        expected = forecast.of_writing(tx, work.connection, work.run_id, pace)
    return connection_page.consequences(planned.to_json(), **touched, **expected.to_json(), what=what)


def send(work: Work, fresh: Freshness, pace: tuple[float, int]) -> None:
    """Send the plan's changes: what an import can do first, then what goes by calls of its own.

    `pace` is calls a second and a UTC day. Raises ApiError; QueueFull where the account's queue stays full, by
    activities that need not be ours.
    """
    _tell_what_is_short(work, pace)
    search = Search(work.connection.limits.halving_calls)
    try:
        push.push(work, fresh.of_both, search)
    except QueueFull:
        work.tell("the queue of bulk activities is full: waiting for what is in it")
        if not push.settle(work):
            work.sleep(work.connection.limits.poll_most_seconds)
        push.push(work, fresh.of_both, search)
    singles.write_singly(work, fresh.of_crm, functools.partial(decide.decide_anew, work))


def _tell_what_is_short(work: Work, pace: tuple[float, int]) -> None:
    with work.ledger.transaction() as tx:
        expected = forecast.of_writing(tx, work.connection, work.run_id, pace)
    if expected.calls > expected.left_today:
        work.tell(
            f"about {expected.calls:,} calls are needed and {expected.left_today:,} are left today:"
            " the rest goes after 00:00 UTC"
        )
