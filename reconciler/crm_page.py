"""What was seen of a CRM statement, for people and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler import mapping
from reconciler.page import block, number
from reconciler.probe import spent
from reconciler.redaction import masked_addresses

if TYPE_CHECKING:
    from reconciler.probe import Choice, Counts, Facts
    from reconciler.sample import Sample


def text(facts: Facts, counts: Counts, choice: Choice, sample: Sample | None) -> str:
    """What each column becomes, what the rows are like, which window there will be and what it costs."""
    width = max(map(len, facts.columns))
    lines = ["Columns"]
    lines += [f"  {name:{width}}  {type_:27}  {mapping.meaning(name)}" for name, type_ in facts.columns.items()]
    lines += ["", block("Rows", f"{number(counts.rows, 'row')}: {_people(counts)}")]
    if wrong := _wrong(counts):
        lines.append(block("Wrong", wrong))
    if sample is not None and (told := _unusable(sample)):
        lines.append(block("Left out", told))
    took = spent(facts.seconds) if facts.is_all else f"longer than {facts.whole_seconds:g} s"
    lines.append(block("Read", f"everything takes {took}{_tick(facts)}"))
    lines.append(block("Window", f"{choice.mode}: {choice.reason}"))
    return "\n".join(lines)


def as_json(facts: Facts, counts: Counts, choice: Choice, sample: Sample | None) -> dict[str, object]:
    return {
        "columns": [
            {"name": name, "type": type_, "meaning": mapping.meaning(name)} for name, type_ in facts.columns.items()
        ],
        "rows": counts.to_json(),
        "sample": None if sample is None else sample.to_json(),
        "seconds": {
            "everything": round(facts.seconds, 3) if facts.is_all else None,
            "changes": None if facts.tick_seconds is None else round(facts.tick_seconds, 3),
        },
        "window": {"mode": choice.mode.value, "reason": choice.reason},
    }


def _people(counts: Counts) -> str:
    told = {
        "belong on the list": counts.wanted,
        "do not": counts.ineligible,
        "have opted out": counts.opted_out,
        "have no address": counts.without_email,
    }
    return ", ".join(f"{count:,} {words}" for words, count in told.items())


def _wrong(counts: Counts) -> str:
    told = [f"{counts.without_id:,} without a contact_id"] if counts.without_id else []
    if counts.doubled:
        ids = masked_addresses(", ".join(counts.doubled))
        told.append(f"contact_id {ids} more than once: look for a join that multiplies rows")
    return "; ".join(told)


def _unusable(sample: Sample) -> str:
    told = [f"{sample.invalid:,} with an address that can't be used"] if sample.invalid else []
    told += [f"{number(count, 'value')} of {name}" for name, count in sorted(sample.left_out.items())]
    return f"of the first {number(sample.rows, 'row')}: {', '.join(told)}" if told else ""


def _tick(facts: Facts) -> str:
    return "" if facts.tick_seconds is None else f", looking for changes by row versions {spent(facts.tick_seconds)}"
