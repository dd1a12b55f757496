"""A form that is sent twice does its action once: the second sending is led to where the first one was."""

from __future__ import annotations

import contextlib
import hashlib
from typing import TYPE_CHECKING

from reconciler.console.answers import Elsewhere
from reconciler.errors import LedgerError, UsageError
from reconciler.ledger import console

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.console.desk import Visit


class Begun(LedgerError):
    """The ledger went away after an action had begun: whether it was done is not known."""


def was_done(visit: Visit, otherwise: str, error: UsageError) -> Elsewhere:
    """Where a form has led whose work is over, when it comes once more. Raises `error` where it has never been done."""

    def act() -> str:
        raise error

    return once(visit, otherwise, act)


def once(visit: Visit, otherwise: str, act: Callable[[], str]) -> Elsewhere:
    """Do what a form asks for, unless it was done; `act` says which page it leads to.

    The second sending of a form whose action goes on yet is led to `otherwise`; of one whose action failed it does it.
    Raises UsageError for a form without a number of its own, Begun where the ledger went away, and what `act` raises.
    """
    number = visit.form.get("once", "")
    if not number:
        raise UsageError("this form has no number of its own", advice="go back, reload the page, and send it again")
    mark = hashlib.sha256(visit.session_hash + number.encode()).digest()
    with visit.ledger.transaction() as tx:
        if not console.begin_once(tx, mark, visit.session_hash):
            return Elsewhere(console.led_to(tx, mark) or otherwise)
    try:
        to = _done(visit, mark, act)
        with visit.ledger.transaction() as tx:
            console.note_led_to(tx, mark, to)
    except LedgerError as error:
        raise Begun(str(error)) from error
    return Elsewhere(to)


def _done(visit: Visit, mark: bytes, act: Callable[[], str]) -> str:
    try:
        return act()
    except Exception:
        # What failed was not done: the same form may be sent again.
        with contextlib.suppress(LedgerError), visit.ledger.transaction() as tx:
            console.forget_once(tx, mark)
        raise
