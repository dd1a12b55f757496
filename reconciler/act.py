"""Sending a plan, and what can stand in its way for a while."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler import push
from reconciler.errors import QueueFull

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.work import Work


def send(work: Work, confirm: Callable[[], None]) -> None:
    """Send the plan's changes; where the account's queue is full, what is in it is settled first, then once more.

    Raises ApiError; QueueFull where the queue stays full, by activities that need not be ours.
    """
    try:
        push.push(work, confirm)
    except QueueFull:
        work.tell("the queue of bulk activities is full: waiting for what is in it")
        if not push.settle(work):
            work.sleep(work.connection.limits.poll_most_seconds)
        push.push(work, confirm)
