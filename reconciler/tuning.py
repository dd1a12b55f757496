"""A connection's times and limits, and its API key's pace: what may be changed, and what is stored."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

from reconciler import limits, policies, probe, remapping
from reconciler.errors import UsageError
from reconciler.ledger import audit, connections, usage
from reconciler.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reconciler.ledger.accounts import Account
    from reconciler.ledger.connections import Connection
    from reconciler.ledger.database import Ledger, Transaction
    from reconciler.probe import Facts

#: The figures of an API key, which all its connections share: the least and the most they can be.
PACE: Final[Mapping[str, tuple[float, float]]] = {
    "pace_per_second": (0.01, 1000),
    "pace_per_day": (1, 100_000_000),
}
#: Instead of a figure: that of the settings again.
_AS_SET: Final = "default"
_WINDOW: Final = "window"


def tune(
    ledger: Ledger, connection: Connection, pairs: Mapping[str, str], actor: str, look: Callable[[Limits], Facts]
) -> Mapping[str, object]:
    """Change times and limits of a connection, and the pace of its API key; says what was chosen. Audited.

    `look` tries the CRM statement out, within limits, where a window is chosen. Raises UsageError that names what can't
    be, and StatementError for a window that can't be right there; nothing is changed then.
    """
    pace = {key: _figure(key, text) for key, text in pairs.items() if key in PACE}
    policy = policies.parse(pairs, connection.fields)
    window = {key: remapping.parse_window(text) for key, text in pairs.items() if key == _WINDOW}
    rest = {key: text for key, text in pairs.items() if key not in (*PACE, *policy, *window)}
    chosen: dict[str, object] = {**_parsed(rest), **policy, **window}
    settings = {**connection.settings, **chosen}
    limits.check_order(Limits.of(settings))
    choice = probe.choose(look(Limits.of(settings)), window[_WINDOW]) if window else None
    before = {**connection.settings, **{key: getattr(connection.account, key) for key in pace}}
    with ledger.transaction() as tx:
        connections.set_settings(tx, connection.connection_id, settings)
        if policy:
            remapping.choose_policy(tx, connection, settings)
        if choice:
            remapping.set_window(tx, connection, choice)
        if pace:
            _set_pace(tx, connection.account, pace)
        audit.write(tx, actor, "set", connection.name, {"before": before, "after": {**chosen, **pace}})
    return {**chosen, **{key: _AS_SET if figure is None else figure for key, figure in pace.items()}}


def tuned(connection: Connection, per_second: float, per_day: int) -> Mapping[str, object]:
    """All that can be changed, as it is; `per_second` and `per_day` are the pace that holds now."""
    pace = {"pace_per_second": per_second, "pace_per_day": per_day}
    window = {_WINDOW: remapping.chosen_window(connection)}
    return {**dataclasses.asdict(connection.limits), **policies.shown(connection.policy), **window, **pace}


def _parsed(pairs: Mapping[str, str]) -> Mapping[str, float | int]:
    try:
        return limits.parse(pairs)
    except UsageError as error:
        raise UsageError(str(error), advice=f"{error.advice}, {', '.join((*policies.NAMES, _WINDOW, *PACE))}") from None


def _figure(key: str, text: str) -> float | int | None:
    if text == _AS_SET:
        return None
    least, most = PACE[key]
    figure = limits.number(text, "int" if key == "pace_per_day" else "float")
    if figure is None or not least <= figure <= most:
        raise UsageError(
            f"{key} needs a number from {least:g} to {most:,g}, not {text!r}",
            advice=f"or {key}={_AS_SET}: what the settings say",
        )
    return figure


def _set_pace(tx: Transaction, account: Account, pace: Mapping[str, float | int | None]) -> None:
    figures = {key: pace.get(key, getattr(account, key)) for key in PACE}
    usage.set_pace(tx, account.account_id, figures["pace_per_second"], figures["pace_per_day"])
