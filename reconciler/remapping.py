"""A connection's statement looked at once more: a changed schema is accepted, another window is chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reconciler import fields, mapping, policies, probe
from reconciler.errors import UsageError
from reconciler.ledger import audit, connections
from reconciler.window import Mode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.ledger.connections import Connection
    from reconciler.ledger.database import Ledger, Transaction
    from reconciler.probe import Choice, Facts

#: What the setting `window` may be.
WINDOWS: Final = (probe.AUTO, *(mode.value for mode in Mode))


def chosen_window(connection: Connection) -> str:
    """What somebody has chosen, or `auto`."""
    return str(connection.settings.get("window", probe.AUTO))


def parse_window(text: str) -> str:
    """The setting `window`. Raises UsageError that says what it can be."""
    if text not in WINDOWS:
        raise UsageError(f"window is one of {', '.join(WINDOWS)}, not {text!r}")
    return text


def accept(ledger: Ledger, connection: Connection, facts: Facts, actor: str) -> str:
    """Take the statement's columns as they are now; says how they differ, and another window if so. Audited.

    What was decided is forgotten, and the next run compares both sides in full. A hold for the columns is lifted.
    """
    told = mapping.difference(connection.columns, facts.columns)
    choice = probe.choose(facts, chosen_window(connection))
    with ledger.transaction() as tx:
        if told:
            _remap(tx, connection, facts)
        set_window(tx, connection, choice)
        if connection.held_reason in ("schema_changed", "statement"):
            connections.release(tx, connection.connection_id)
        audit.write(tx, actor, "crm accept", connection.name, {"difference": told, "window": choice.mode})
    is_other = choice.mode.value != connection.window_mode
    return "; ".join(filter(None, (told, f"changes are found by {choice.mode} from now on" if is_other else "")))


def set_window(tx: Transaction, connection: Connection, choice: Choice) -> None:
    connections.set_window(tx, connection.connection_id, choice.mode.value, choice.reason)


def choose_policy(tx: Transaction, connection: Connection, settings: Mapping[str, object]) -> None:
    """Another policy decides everything once more; the same one nothing."""
    fingerprint = _digest(connection, connection.columns, settings)
    if fingerprint != connection.mapping_digest:
        connections.remap(tx, connection.connection_id, connection.columns, fingerprint)


def _remap(tx: Transaction, connection: Connection, facts: Facts) -> None:
    if new := [name for name in facts.columns if fields.is_custom(name) and name not in connection.columns]:
        raise UsageError(
            f"{', '.join(new)} must be looked up in the account first",
            advice=f"connect again: `reconciler connect {connection.name} --contacts-sql FILE`",
        )
    fingerprint = _digest(connection, facts.columns, connection.settings)
    connections.remap(tx, connection.connection_id, facts.columns, fingerprint)


def _digest(connection: Connection, columns: Mapping[str, str], settings: Mapping[str, object]) -> str:
    return mapping.digest(
        connection.statement,
        connection.workspace,
        connection.list_id,
        columns,
        connection.custom_field_types,
        policies.chosen(policies.of(settings)),
    )
