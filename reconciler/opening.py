"""The CRM, opened for a reading: whether it is still the one that was read before, and what is to be read."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from reconciler import mapping
from reconciler import window as windows
from reconciler.crm import Ask, versions
from reconciler.errors import SchemaChanged, SourceMoved
from reconciler.origin import differences
from reconciler.window import Mode

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reconciler.crm import Crm, Snapshot
    from reconciler.ledger.connections import Connection
    from reconciler.window import Position, Watermark, Window


@contextlib.contextmanager
def opened(
    crm: Crm, connection: Connection, mark: Watermark | None, reason: str | None = None
) -> Iterator[tuple[Snapshot, Window]]:
    """One moment of the CRM, and what is to be read of it. `reason` says why everything is, or is None.

    Raises SourceMoved and SchemaChanged where the CRM is not the one that was read before.
    """
    with crm.snapshot(_ask(mark, connection, reason)) as found:
        snapshot = found.of(connection.workspace)
        window = _window(mark, connection, snapshot.position, reason)
        names = must_have_the_same_columns(snapshot, connection)
        if window.reason is not None and window.mode is Mode.XMIN:
            _must_still_count(snapshot, connection, names)
        yield snapshot, window


def _ask(mark: Watermark | None, connection: Connection, reason: str | None) -> Ask:
    """What is not asked every time, because it costs more than a tick may: what the tables are like."""
    if mark is None or reason is not None:
        return Ask(structure_of=connection.statement)
    is_due = mark.structure_at is None or (
        (connection.now - mark.structure_at).total_seconds() >= connection.limits.structure_seconds
    )
    # Who had no right to ask for the server asks anew with each full comparison.
    return Ask(connection.statement if is_due else "", mark.origin.system_identifier != "", mark.types)


def _window(mark: Watermark | None, connection: Connection, here: Position, reason: str | None) -> Window:
    must_be_the_same_place(mark, here)
    limits = connection.limits
    mode = Mode(connection.window_mode)
    broken = windows.broken(mark, here, connection.now, limits.gap_seconds)
    if broken is None and windows.is_restructured(mode, mark, here):
        broken = "source_changed"
    return windows.window(
        mode,
        mark,
        overlap_seconds=limits.overlap_seconds,
        reason=reason,
        broken=broken,
        asked=connection.sweep_reason,
    )


def must_be_the_same_place(mark: Watermark | None, here: Position) -> None:
    """Raise SourceMoved where the CRM is in another database than the one that was read before."""
    if mark is not None and (told := differences(mark.origin, here.origin)):
        raise SourceMoved(
            f"this is another CRM than the one that was read before: {told}",
            advice="if this is the real one, `reconciler resume`; a copy must not write to the list",
        )


def must_have_the_same_columns(snapshot: Snapshot, connection: Connection) -> list[str]:
    """The statement's columns, in its order. Raises SchemaChanged where they are others than those connected with."""
    now = snapshot.columns(connection.statement)
    if told := mapping.difference(connection.columns, {column.name: column.type for column in now}):
        raise SchemaChanged(
            f"the columns of the CRM statement have changed: {told}",
            advice=f"if that is meant, `reconciler crm accept {connection.name}`; else repair the CRM",
        )
    return [column.name for column in now]


def _must_still_count(snapshot: Snapshot, connection: Connection, columns: Sequence[str]) -> None:
    """A view or a function may be another one by now, whose changes no row's age shows."""
    plan = snapshot.explained(connection.statement)
    if told := versions.obstacles(snapshot, connection.statement, plan, columns):
        raise SchemaChanged(
            f"row versions no longer show every change: {'; '.join(told)}",
            advice=f"repair the CRM, or let `reconciler crm accept {connection.name}` choose another window",
        )
