"""How a connection stands, and what its first sync would do, as plain text for a terminal."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from reconciler import mapping, token_end
from reconciler.health import span
from reconciler.holding import can_be_answered
from reconciler.page import WIDTH, block, held_back, number, reasons, sentence
from reconciler.token_end import minute

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.health import Health
    from reconciler.ledger.connections import Connection
    from reconciler.ledger.database import Row
    from reconciler.report import Standing
    from reconciler.token_end import TokenEnd


def status(
    connection: Connection,
    standing: Standing,
    last: Row | None,
    left_today: int,
    health: Health,
    unusable: str | None = None,
) -> str:
    """How one connection stands; `unusable` says why its credentials can't be opened, where that is so."""
    end, behind = token_end.of_account(connection.account, connection.now), (health.waiting, health.oldest_seconds)
    lines = [
        f"{connection.name}: {badge(connection, behind, unusable)}",
        f"  account   {connection.account.organization} ({connection.account.encoded_account_id})",
        f"  list      {connection.list_name} ({connection.list_id}), {number(standing.members, 'member')}",
        f"  token     {end}",
        f"  freshness {health.headline}{_because(behind)}",
        f"            {health.details}",
        f"  CRM       {number(standing.contacts, 'contact')}: {standing.on_list:,} on the list"
        + held_back(standing.held_back),
        _window(connection),
        f"  statement {mapping.short(mapping.statement_digest(connection.statement))}, {_columns(connection)}",
        f"  last run  {sentence(last.report) if last is not None else 'none yet'}",
        f"  budget    {left_today:,} calls left today",
    ]
    if end.warning:
        lines.append(f"  warning   {end.warning}")
    if connection.sweep_stretch > 1:
        lines.append(_stretched(connection))
    if health.late:
        lines.append(f"  late      {health.late}")
    if health.quiet:
        lines.append(f"  quiet     {health.quiet}")
    return "\n".join(lines)


def _stretched(connection: Connection) -> str:
    told = (
        f"  sweep     every {span(connection.sweeps_every_seconds)}: more often, all sweeps of its API key would take"
    )
    return textwrap.fill(f"{told} over half of its calls", WIDTH, subsequent_indent=" " * 12)


def badge(
    connection: Connection, behind: tuple[int, float], unusable: str | None = None, *, with_commands: bool = True
) -> str:
    """Connected, or what stands in the way and since when, with the contacts that wait meanwhile.

    `with_commands`: and with the commands that help; where there are buttons they are left out.
    """
    end = token_end.of_account(connection.account, connection.now)
    if connection.disconnected_at or end.has_ended:
        waits = _waiting(behind)
        told = f", {waits}" if waits else ""
        why = connection.disconnected_reason or end.warning or ""
        return f"Disconnected{_since(connection, end)}{told}. {why}"
    if unusable:
        return f"Needs its credentials again: {unusable}"
    if connection.paused_at:
        return f"Paused since {minute(connection.paused_at)}{_told(connection.paused_message)}"
    if connection.held_at:
        answers = _answers(connection) if with_commands else ""
        return f"Held since {minute(connection.held_at)}{_told(connection.held_message)}{answers}"
    if connection.quarantined_at:
        return _quarantine(connection, with_commands=with_commands)
    return f"Connected{_but(connection, with_commands=with_commands)}"


def _but(connection: Connection, *, with_commands: bool) -> str:
    """What it does not do though nothing stands in its way."""
    if connection.observe:
        return ", only observing"
    if connection.started_at:
        return ""
    return ", not started" + (f" (`reconciler start {connection.name}`)" if with_commands else "")


def _told(message: str | None) -> str:
    return f": {message}" if message else ""


def _quarantine(connection: Connection, *, with_commands: bool) -> str:
    """Since when and why it is tried more rarely, and when next."""
    since = connection.quarantined_at
    tries = number(connection.failures, "run")
    told = (
        f"In quarantine since {minute(since) if since else ''}: {tries} in a row failed ({connection.failing_reason})"
    )
    hint = "; `run --full` does not wait" if with_commands else ""
    return f"{told}{_told(connection.failing_message)}. Next attempt {_next(connection)}{hint}"


def _next(connection: Connection) -> str:
    return "at the next tick" if connection.next_attempt_at is None else minute(connection.next_attempt_at)


def _answers(connection: Connection) -> str:
    """What can be said to what is held."""
    if not can_be_answered(connection):
        return ""
    number = connection.held_run_id
    return f"; if it is right so: `reconciler approve {number}`, if not: `reconciler decline {number}`"


def consequences(
    found: Mapping[str, Any],
    *,
    known: int,
    overwritten: Mapping[str, int],
    active: int,
    calls: int,
    minutes: int,
    left_today: int,
    days: int,
    what: str = "The first sync",
) -> str:
    """What a first sync or a forced full resync would do, before it does anything.

    `known`: of the additions, people the account has already; `overwritten`: members by field whose value is replaced;
    `active`: active contacts of the account before.
    """
    plan, counts = found["plan"], found["counts"]
    fields = ", ".join(f"{count:,} {name}" for name, count in overwritten.items()) or "none"
    left_out = {
        "without an address": counts["no_email"],
        "invalid": counts["invalid"],
        "duplicates": counts["duplicate"],
        "that can't be sent": counts["rejected"],
    }
    lines = [
        f"{what} would",
        block(
            "add",
            f"{number(plan['added'], 'contact')} to the list {found['list']['name']!r}; {known:,} of them"
            " are in the account already",
        ),
        block("update", f"{number(plan['updated'], 'member')}; values that would be overwritten: {fields}"),
        block("keep off", f"{number(counts['suppressed'], 'contact')}{reasons(found['suppressed'])}"),
        block("leave out", ", ".join(f"{count:,} {what}" for what, count in left_out.items())),
        block(
            "cost",
            f"about {number(calls, 'API call')} and {number(minutes, 'minute')}; {left_today:,} calls are left today"
            + (f", so it would go on for {days} days" if days > 1 else ""),
        ),
        block(
            "active",
            f"{number(active, 'contact')} in the account before, at most {active + plan['added'] - known:,} after;"
            " look at your contact tier",
        ),
        "Automations that start when somebody joins the list would start for those who are added.",
        *(
            []
            if counts["read"]
            else ["The CRM statement returned no contact at all: look at --workspace and the statement."]
        ),
    ]
    return "\n".join(lines)


def _window(connection: Connection) -> str:
    told = f"  window    {connection.window_mode}: {connection.window_reason}"
    return textwrap.fill(told, WIDTH, subsequent_indent=" " * 12)


def _columns(connection: Connection) -> str:
    return number(len(connection.columns), "column")


def _since(connection: Connection, end: TokenEnd) -> str:
    """Since there is no token that works: its end may be hours before the first run that met it, or before any."""
    known = [connection.disconnected_at, end.ends_at if end.has_ended else None]
    since = min((moment for moment in known if moment is not None), default=None)
    return "" if since is None else f" since {minute(since)}"


def _waiting(behind: tuple[int, float]) -> str:
    contacts, oldest = behind
    return f"{number(contacts, 'contact')} waiting, the oldest for {span(oldest)}" if contacts else ""


def _because(behind: tuple[int, float]) -> str:
    waits = _waiting(behind)
    return f": {waits}" if waits else ""
