"""Who is signed in at the console, and the addresses that sign in once. Of both only hashes are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.ledger.database import as_json, one, run, value

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from reconciler.ledger.database import Row, Transaction


def make_link(
    tx: Transaction, link_hash: bytes, grants: Mapping[str, str], made_by: str, seconds: float
) -> dt.datetime:
    """Note an address that signs in once, within so many seconds; says until when."""
    told = {"grants": as_json(dict(grants)), "made_by": made_by, "seconds": seconds}
    until: dt.datetime = value(tx, "console_link_make", link_hash=link_hash, **told)
    return until


def use_link(tx: Transaction, link_hash: bytes) -> Row | None:
    """Use an address up; None where there is none that is good, also where another request uses it at this moment."""
    return one(tx, "console_link_use", link_hash=link_hash)


def begin(
    tx: Transaction, session_hash: bytes, subject: str, method: str, grants: Mapping[str, str], at: dt.datetime
) -> None:
    """Begin a session of somebody who proved who they are at that time."""
    told = {"subject": subject, "method": method, "grants": as_json(dict(grants)), "authenticated_at": at}
    run(tx, "console_session_begin", session_hash=session_hash, **told)


def session(tx: Transaction, session_hash: bytes, *, idle: float, absolute: float) -> Row | None:
    """A session that is not over: seen within `idle` seconds, begun within `absolute` ones, and not ended."""
    return one(tx, "console_session_find", session_hash=session_hash, idle=idle, absolute=absolute)


def seen(tx: Transaction, session_hash: bytes, at: dt.datetime) -> None:
    """Note that a session is used; `at`: when its person last proved who they are."""
    run(tx, "console_session_seen", session_hash=session_hash, authenticated_at=at)


def end(tx: Transaction, session_hash: bytes) -> None:
    run(tx, "console_session_end", session_hash=session_hash)


def purge(tx: Transaction, seconds: float) -> None:
    """Delete sessions that were begun longer ago, with their drafts and forms; and links that are as old."""
    run(tx, "console_session_purge", seconds=seconds)
    run(tx, "console_link_purge", seconds=seconds)
