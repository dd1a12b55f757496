"""The look before a tick: most find nothing to do, and that is found without a lease and without a run.

It decides nothing that a run decides otherwise. Wherever it is not certain that a run would be a quiet one, there is
a run; and trouble is the run's to meet, and to report.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler import home, token_end
from reconciler.errors import ReconcilerError, Stopped
from reconciler.ledger import glances
from reconciler.opening import opened
from reconciler.request import reason_for_full
from reconciler.window import Mode

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.crm import Crm
    from reconciler.ledger.connections import Connection
    from reconciler.ledger.database import Ledger
    from reconciler.request import Request
    from reconciler.window import Position, Watermark, Window


def finds_nothing(
    ledger: Ledger, open_crm: Callable[[Connection], Crm], connection: Connection, request: Request
) -> bool:
    """Whether a tick has nothing to do. Then it is noted, and the watermark moves to the moment that was seen.

    Asks the ledger two things, now and then three, and the CRM what a run would ask it.
    """
    if not is_worth_a_look(connection, request):
        return False
    try:
        return _sees_nothing(ledger, open_crm, connection)
    except Stopped:
        raise
    except ReconcilerError:
        return False


def is_worth_a_look(connection: Connection, request: Request) -> bool:
    """Whether a run of this connection would be a quiet one, as far as its own row says."""
    is_plain_tick = request.is_tick and not (request.full or request.plan_only)
    is_plain_tick = is_plain_tick and request.only is None and request.only_if is None
    # What is read whole each time can't be looked at for less than a reading.
    is_counted = Mode(connection.window_mode) is not Mode.WHOLE
    return is_plain_tick and is_counted and _stands_well(connection) and reason_for_full(connection, request) is None


def _stands_well(connection: Connection) -> bool:
    has_trouble = connection.failures or connection.held_at or connection.missed_since or connection.disconnected_at
    return not has_trouble and not token_end.of_account(connection.account, connection.now).has_ended


def _sees_nothing(ledger: Ledger, open_crm: Callable[[Connection], Crm], connection: Connection) -> bool:
    with ledger.transaction() as tx:
        sight = glances.look(tx, connection.connection_id)
        if sight is None or sight.is_something_open or not home.is_confirmed(tx, ledger, connection):
            return False
    if (mark := sight.mark) is None or (seen := _unchanged(open_crm(connection), connection, mark)) is None:
        return False
    window, position = seen
    with ledger.transaction() as tx:
        return glances.note(tx, connection.connection_id, mark, window, position)


def _unchanged(crm: Crm, connection: Connection, mark: Watermark) -> tuple[Window, Position] | None:
    """The window that was looked at, and up to where, if nothing is in it."""
    with opened(crm, connection, mark) as (snapshot, window):
        if window.since is None or snapshot.count(connection.statement, window.since):
            return None
        return window, snapshot.position
