"""Approve and decline what is held: the plan of that very run, and no other one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reconciler import holding
from reconciler.console import asking
from reconciler.console.access import Role
from reconciler.console.actions import address
from reconciler.console.asking import Question
from reconciler.console.once import once
from reconciler.console.routes import Route
from reconciler.errors import UsageError
from reconciler.ledger import runs
from reconciler.request import Request

if TYPE_CHECKING:
    from reconciler.console.answers import Answer
    from reconciler.console.desk import Visit
    from reconciler.holding import Answered


def ask_approve(visit: Visit) -> Answer:
    will = [
        "You say that what is held is right. It is pushed at once, with the values that the contacts have by then.",
        f"It counts for {holding.APPROVED_HOURS} hours, and for what this run had planned.",
        "What has changed since then is judged by itself.",
    ]
    return _ask(visit, "Approve", will, kind="primary")


def ask_decline(visit: Visit) -> Answer:
    will = [
        "You say that what is held is wrong. It stays held, and nothing of it is pushed.",
        "It goes on by itself when it looks right again: correct the contacts in the CRM, or the CRM statement.",
    ]
    return _ask(visit, "Decline", will, kind="danger")


def _ask(visit: Visit, word: str, will: list[str], *, kind: str) -> Answer:
    with visit.ledger.transaction() as tx:
        found = runs.latest(tx, None, visit.run_id)
    plan = found.report["plan"] if found is not None else None
    to, back = f"/runs/{visit.run_id}/{word.lower()}", f"/runs/{visit.run_id}"
    question = Question(f"{word} run {visit.run_id}", will, word, to, back, kind=kind)
    held = visit.connection.held_message
    return asking.page(question, visit.connection.name, held=held, plan=plan, run_id=visit.run_id)


def approve(visit: Visit) -> Answer:
    name = visit.connection.name

    def act() -> str:
        _must_be_first(visit, holding.approve(visit.ledger, visit.run_id, visit.actor))
        visit.desk.background.run(name, Request("approve", visit.actor))
        return address(name, "going")

    return once(visit, address(name, "going"), act)


def decline(visit: Visit) -> Answer:
    def act() -> str:
        _must_be_first(visit, holding.decline(visit.ledger, visit.run_id, visit.actor))
        return f"/runs/{visit.run_id}"

    return once(visit, f"/runs/{visit.run_id}", act)


def _must_be_first(visit: Visit, said: Answered) -> None:
    """Raises UsageError where somebody has answered it before."""
    if not said.is_new:
        advice = f"look at the page of {said.name}: nothing more was to be done"
        raise UsageError(f"run {visit.run_id} was {said.told}", advice=advice)


ROUTES: Final = (
    Route("GET", "/runs/{run_id}/approve", Role.ADMIN, ask_approve, is_sensitive=True),
    Route("POST", "/runs/{run_id}/approve", Role.ADMIN, approve, is_sensitive=True),
    Route("GET", "/runs/{run_id}/decline", Role.OPERATOR, ask_decline),
    Route("POST", "/runs/{run_id}/decline", Role.OPERATOR, decline),
)
