"""Connections that somebody is about to make in the console: what was given until the list is chosen too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reconciler.ledger.database import as_json, one, run

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from reconciler.ledger.database import Row, Transaction


@dataclass(frozen=True, slots=True)
class Draft:
    """What was given for a connection so far."""

    draft_id: str
    connection: str
    workspace: str
    #: `pasted`, `code` or `device`.
    method: str
    #: Secrets by name, each sealed for this row and name.
    sealed: Mapping[str, str]
    told: Mapping[str, Any]
    good_until: dt.datetime


def begin(
    tx: Transaction, draft: Draft, session_hash: bytes, seconds: float, *, state_hash: bytes | None = None
) -> None:
    """Keep a new draft for so many seconds, whatever its `good_until`. Those that are too old are forgotten."""
    run(tx, "console_drafts_forget_old")
    run(
        tx,
        "console_draft_begin",
        draft_id=draft.draft_id,
        session_hash=session_hash,
        connection=draft.connection,
        workspace=draft.workspace,
        method=draft.method,
        state_hash=state_hash,
        sealed=as_json(dict(draft.sealed)),
        told=as_json(dict(draft.told)),
        seconds=seconds,
    )


def find(tx: Transaction, draft_id: str, session_hash: bytes) -> Draft | None:
    """A draft of this session that is good; None where there is none."""
    return _draft(one(tx, "console_draft_find", draft_id=draft_id, session_hash=session_hash))


def came_back(tx: Transaction, state_hash: bytes, session_hash: bytes) -> Draft | None:
    """The draft whose sign-in came back with its state, once; None for any other state, session or time."""
    return _draft(one(tx, "console_draft_came_back", state_hash=state_hash, session_hash=session_hash))


def note(tx: Transaction, draft: Draft, seconds: float) -> None:
    """Replace what a draft keeps; it is good for so many seconds from now."""
    content = {"sealed": as_json(dict(draft.sealed)), "told": as_json(dict(draft.told))}
    run(tx, "console_draft_note", draft_id=draft.draft_id, seconds=seconds, **content)


def end(tx: Transaction, draft_id: str) -> None:
    """Forget a draft with its secrets."""
    run(tx, "console_draft_end", draft_id=draft_id)


def _draft(row: Row | None) -> Draft | None:
    if row is None:
        return None
    names = ("draft_id", "connection", "workspace", "method", "sealed", "told", "good_until")
    return Draft(*(getattr(row, name) for name in names))
