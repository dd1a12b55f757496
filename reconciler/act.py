"""Sending a plan, and what can stand in its way for a while."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler import push, singles
from reconciler.errors import QueueFull

if TYPE_CHECKING:
    from reconciler.freshness import Freshness
    from reconciler.work import Work


def send(work: Work, fresh: Freshness) -> None:
    """Send the plan's changes: what an import can do first, then what goes by calls of its own.

    Raises ApiError; QueueFull where the account's queue stays full, by activities that need not be ours.
    """
    try:
        push.push(work, fresh.of_both)
    except QueueFull:
        work.tell("the queue of bulk activities is full: waiting for what is in it")
        if not push.settle(work):
            work.sleep(work.connection.limits.poll_most_seconds)
        push.push(work, fresh.of_both)
    singles.write_singly(work, fresh.of_crm, fresh.decide_anew)
