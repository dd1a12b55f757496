"""One contact's story for people and as JSON; masked unless somebody wants it in full."""

from __future__ import annotations

import itertools
import textwrap
from typing import TYPE_CHECKING, Any

from reconciler.page import WIDTH
from reconciler.redaction import masked, masked_addresses, veiled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.explain import Story
    from reconciler.explain_steps import Difference
    from reconciler.ledger.database import Row


def to_json(found: Story, *, unmasked: bool) -> dict[str, Any]:
    """The story as an object."""
    return {
        "contact_id": None if found.contact_id is None else _words(found.contact_id, unmasked=unmasked),
        "email": _address(found.address, unmasked=unmasked),
        "is_on_list": found.is_on_list,
        "reason": found.reason,
        "why": _words(found.why, unmasked=unmasked),
        "who": found.who,
        "action": found.action,
        "next_try": found.next_try,
        "steps": [
            {"step": each.name, "holds": each.holds, "told": _words(each.told, unmasked=unmasked)}
            for each in found.steps
        ],
        "differences": [_difference(each, unmasked=unmasked) for each in found.differences],
        "evidence": _evidence(found, unmasked=unmasked),
        "same_address": [_words(each, unmasked=unmasked) for each in found.others],
        "history": [_row(row, unmasked=unmasked) for row in found.history],
    }


def text(found: Story, *, unmasked: bool) -> str:
    """The story as a page: its first line is the answer."""
    who = _address(found.address, unmasked=unmasked) or f"contact {_words(found.contact_id, unmasked=unmasked)}"
    stands = "is on the list" if found.is_on_list else "is not on the list"
    evidence = _evidence(found, unmasked=unmasked)
    parts = [
        [_wrapped("", f"{who} {stands}: {_words(found.why, unmasked=unmasked)}.")],
        [f"Who acts: {found.who}. To do: {found.action}. Next try: {found.next_try}."],
        _steps(found, unmasked=unmasked),
        ["Why it was added", *(f"  {name.replace('_', ' ')}: {_plain(value)}" for name, value in evidence.items())],
        ["The same address have", *(f"  contact {_words(each, unmasked=unmasked)}" for each in found.others)],
        ["History", *_history(found.history, unmasked=unmasked)],
    ]
    shown = [part for part in parts[:3] if part] + [part for part in parts[3:] if len(part) > 1]
    return "\n\n".join("\n".join(part) for part in shown)


def _steps(found: Story, *, unmasked: bool) -> list[str]:
    """A line a step; below the comparison, both values of each field that differs."""
    lines = []
    for number, step in enumerate(found.steps, 1):
        head = f"{number} {step.name:9} {'ok' if step.holds else '--'}  "
        lines.append(_wrapped(head, _words(step.told, unmasked=unmasked)))
        if step.name == "compared":
            told = [_difference(each, unmasked=unmasked) for each in found.differences]
            lines += [f'{"":16}{one["field"]}: "{one["there"]}" there, "{one["crm"]}" in the CRM' for one in told]
    return lines


def _wrapped(head: str, text: str) -> str:
    return textwrap.fill(head + text, WIDTH, subsequent_indent=" " * len(head))


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f'{name} "{each}"' for name, each in value.items())
    return str(value)


def _history(rows: Sequence[Row], *, unmasked: bool) -> list[str]:
    """A line for what one run did."""
    lines = []
    for _, group in itertools.groupby(rows, key=lambda row: (row.run_id, row.action, row.outcome, row.code)):
        told = list(group)
        first = told[0]
        shown = [_row(row, unmasked=unmasked) for row in told]
        what = ", ".join(f'{one["field"]}: "{one["before"]}" -> "{one["after"]}"' for one in shown if one["field"])
        head = f"  run {first.run_id}  {first.started_at:%Y-%m-%d %H:%M}  {first.action:9} {first.outcome:9}"
        lines.append(f"{head} {' '.join(filter(None, (first.code, what)))}".rstrip())
    return lines


def _row(row: Row, *, unmasked: bool) -> dict[str, Any]:
    return {
        "run_id": row.run_id,
        "at": row.started_at.isoformat(),
        "action": row.action,
        "field": row.field,
        "before": _value(row.before, unmasked=unmasked),
        "after": _value(row.after, unmasked=unmasked),
        "outcome": row.outcome,
        "code": row.code,
        "message": _words(row.message, unmasked=unmasked),
    }


def _difference(each: Difference, *, unmasked: bool) -> dict[str, str]:
    return {
        "field": each.field,
        "crm": _value(each.wanted, unmasked=unmasked),
        "there": _value(each.there, unmasked=unmasked),
        "applied": _value(each.applied, unmasked=unmasked),
        "note": each.note,
    }


def _evidence(found: Story, *, unmasked: bool) -> dict[str, Any]:
    told = dict(found.evidence)
    values = told.pop("values", None)
    shown: dict[str, Any] = {name: value if isinstance(value, int) else str(value) for name, value in told.items()}
    if isinstance(values, dict):
        shown["values"] = {name: _value(value, unmasked=unmasked) for name, value in values.items()}
    return shown


def _address(address: str, *, unmasked: bool) -> str:
    return address if unmasked or "@" not in address else masked(address)


def _value(value: str | None, *, unmasked: bool) -> str:
    return value or "" if unmasked else veiled(value)


def _words(text: str | None, *, unmasked: bool) -> str:
    return text or "" if unmasked else masked_addresses(text or "")
