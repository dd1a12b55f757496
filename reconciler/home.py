"""Whether this is still the ledger that it was: a restored copy must not write to a list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.errors import LedgerMoved
from reconciler.ledger import connections, watermarks
from reconciler.origin import Origin, differences, has_other_timeline, with_known

if TYPE_CHECKING:
    from reconciler.ledger.connections import Connection
    from reconciler.ledger.database import Ledger, Transaction
    from reconciler.work import Work


def _of_an_earlier_version(work: Work) -> Origin | None:
    """Where the ledger was taken to be by a version that did not remember it: where the CRM was, as it mostly is."""
    with work.ledger.transaction() as tx:
        mark = watermarks.read(tx, work.connection.connection_id)
    return None if mark is None else mark.origin


def is_confirmed(tx: Transaction, ledger: Ledger, connection: Connection) -> bool:
    """Whether the ledger is where the connection's last run found it, as of a minute ago; no where it is not known."""
    if connection.home is None:
        return False
    home = Origin.of(connection.home)
    return with_known(home, ledger.origin_lately(tx, may_ask=home.system_identifier != "")) == home


def confirm(work: Work) -> str | None:
    """Compare where the ledger is with where it was; says why a sweep is due, or None.

    Raises LedgerMoved where it is another database. After a failover it is the same one, but what was committed last
    may be lost.
    """
    stored = work.connection.home
    before = _of_an_earlier_version(work) if stored is None else Origin.of(stored)
    here = with_known(before, work.ledger.origin())
    if before is not None and (told := differences(before, here)):
        raise LedgerMoved(
            f"this is another ledger than the one that was used before: {told}",
            advice="if this is the real one, `reconciler resume`; a copy must not write to the list",
        )
    if before == here:
        return None
    is_failover = before is not None and has_other_timeline(before, here)
    with work.write() as tx:
        connections.set_home(tx, work.connection.connection_id, here)
        if is_failover:
            connections.ask_for_sweep(tx, work.connection.connection_id, "source_changed")
    return "source_changed" if is_failover else None
