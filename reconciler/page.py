"""A report and a list of runs as pages of plain text for a terminal."""

from __future__ import annotations

import itertools
import textwrap
from typing import TYPE_CHECKING, Any, Final

from reconciler.problems import CATALOGUE
from reconciler.redaction import masked, veiled

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.ledger.database import Row

_STATES: Final = {
    "nothing_to_do": "nothing to do",
    "observed": "observed, nothing was pushed",
    "completed": "completed",
    "completed_with_problems": "completed with problems",
    "held": "held: nothing was pushed",
    "disconnected": "disconnected: nothing was pushed",
    "quota": "stopped by the daily limit",
    "failed": "failed",
    "cancelled": "cancelled",
    "abandoned": "abandoned: it died before its end",
}
_BUCKETS: Final = {
    "unchanged": "already right",
    "added": "added",
    "updated": "updated",
    "suppressed": "kept off",
    "no_email": "without an address",
    "invalid": "with an invalid address",
    "duplicate": "duplicates",
    "rejected": "rejected",
    "deferred": "deferred",
    "in_doubt": "in doubt",
}
_REASONS_FOR_FULL: Final = ("first_run", "forced", "daily_sweep", "mapping_changed", "source_changed", "gap")
_NAMED: Final = ("invalid", "field_refused", "needs_single_write", "too_many_lists", "flapping", "permission_changed")
_LOOKED_AT: Final = 50
_CONTACTS_SHOWN: Final = 12
_FIELDS_SHOWN: Final = 2
#: As much of a run's rows as a page shows.
SHOWN: Final[Mapping[str, Any]] = {"contacts": _CONTACTS_SHOWN, "codes": _NAMED, "looked": _LOOKED_AT}
WIDTH: Final = 110


def report(found: Mapping[str, Any], rows: Sequence[Row] = (), *, unmasked: bool = False) -> str:
    """A report as a page: its first line is one sentence that says it all."""
    parts = [
        sentence(found),
        _told(found),
        _balances(found),
        _standing(found),
        _window(found),
        _changes(rows, unmasked=unmasked),
        _drift(found),
        _problems(found),
        _to_look_at(rows, unmasked=unmasked),
        _cost(found),
    ]
    return "\n\n".join(part for part in parts if part)


def sentence(found: Mapping[str, Any]) -> str:
    """The run in one sentence, or two where there is something to wait for."""
    counts = found["counts"]
    done = [f"{counts[name]:,} {word}" for name, word in _words(found).items() if counts[name]]
    taken = counts["read"] + counts["carried_in"]
    what = f"{number(taken, 'contact')} looked at" + (f": {', '.join(done)}" if done else "")
    waiting = found["behind"]["contacts"]
    behind = f" {number(waiting, 'contact')} waiting." if waiting else ""
    return f"Run {found['run_id']} of {found['connection']} - {_STATES[found['state']]}. {what}.{behind}"


def _words(found: Mapping[str, Any]) -> Mapping[str, str]:
    """The buckets in words; where nothing was pushed nothing was added."""
    if found["state"] != "observed":
        return _BUCKETS
    return {**_BUCKETS, "added": "that would be added", "updated": "that would be updated"}


def runs(rows: Sequence[Row]) -> str:
    """A line a run, newest first."""
    if not rows:
        return "No run yet."
    return "\n".join(f"{row.started_at:%Y-%m-%d %H:%M:%S}  {_run_line(row)}" for row in rows)


def _told(found: Mapping[str, Any]) -> str:
    return str(found["message"]) if found.get("message") else ""


def _balances(found: Mapping[str, Any]) -> str:
    counts, members, balanced = found["counts"], found["members"], found["balanced"]
    buckets = " + ".join(f"{counts[name]:,} {word}" for name, word in _words(found).items() if counts[name]) or "0"
    taken = f"{counts['read']:,} read + {counts['carried_in']:,} carried in = {buckets}"
    lines = [block("Contacts", taken + _meets(balanced["contacts"]))]
    if found["suppressed"]:
        lines.append(block("", f"kept off{reasons(found['suppressed'])}"))
    if members:
        moved = f"{members['before']:,} before + {members['added']:,} added + {members['joined_elsewhere']:,} joined"
        moved += f" elsewhere - {members['left_elsewhere']:,} left elsewhere = {members['after']:,} after"
        lines.append(block("Members", moved + _meets(balanced["members"])))
    return "\n".join(lines)


def _standing(found: Mapping[str, Any]) -> str:
    crm, there = found["standing"]["crm"], found["standing"]["list"]
    stand = (
        f"{there['members']:,} members = {there['from_crm']:,} from the CRM + {there['still_on_list']:,} still on the"
    )
    stand += f" list though not wanted + {there['others']:,} others{_meets(found['balanced']['standing'])}"
    on_list = f"{crm['contacts']:,} contacts = {crm['on_list']:,} on the list{held_back(crm['held_back'])}"
    return f"{block('CRM', on_list)}\n{block('List', stand)}"


def _window(found: Mapping[str, Any]) -> str:
    window = found["window"]
    if window is None:
        return ""
    why = f" ({found['reason']})" if found["reason"] in _REASONS_FOR_FULL else ""
    kind = f"full{why}" if found["mode"] == "full" else "incremental"
    if window["mode"] == "xmin":
        since = f"row versions since {window['since']}" if window["since"] else "everything"
        until = f"until version {window['until']}"
    else:
        since = f"changes since {window['since'][:19]}" if window["since"] else "everything"
        until = f"until {window['until'][:19]} by the CRM's clock"
    late = window.get("recovered_late", 0)
    found_late = f"; {number(late, 'change')} that the window had missed" if late else ""
    return f"Window    {kind}, {since}, {until}{found_late}"


def _changes(rows: Sequence[Row], *, unmasked: bool) -> str:
    """A line a contact; who was left alone is in the balances."""
    changes = [row for row in rows if row.action != "skip"]
    contacts = [list(group) for _, group in itertools.groupby(changes, key=lambda row: (row.contact_id, row.outcome))]
    if not contacts:
        return ""
    lines = [_change_line(group, unmasked=unmasked) for group in contacts[:_CONTACTS_SHOWN]]
    more = _in_all(rows, "changed", len(contacts)) - min(len(contacts), _CONTACTS_SHOWN)
    return "\n".join(["Changes", *lines, *([f"  ... and {more:,} more"] if more > 0 else [])])


def _to_look_at(rows: Sequence[Row], *, unmasked: bool) -> str:
    """Who needs somebody, or was refused or not seen: by id, with the reason."""
    lines = [
        f"  {row.contact_id}  {row.email if unmasked else masked(row.email)}  {row.code}"
        f"{f' ({row.field})' if row.field else ''}{_why(row, unmasked=unmasked)}"
        for row in rows
        if row.outcome in ("rejected", "in_doubt") or row.code in _NAMED
    ]
    told = list(dict.fromkeys(lines))
    if not told:
        return ""
    rest = _in_all(rows, "looked_at", len(told)) - min(len(told), _LOOKED_AT)
    more = [f"  ... and {rest:,} more"] if rest > 0 else []
    return "\n".join(["Contacts to look at", *told[:_LOOKED_AT], *more])


def _in_all(rows: Sequence[Row], name: str, here: int) -> int:
    """How many there are in all: the rows may be only those that are shown."""
    return max(here, getattr(rows[0], name, here)) if rows else here


def _why(row: Row, *, unmasked: bool) -> str:
    if row.code == "flapping" and not unmasked:  # its message has both values
        return f": {_field(row, unmasked=False)}"
    return f": {row.message}" if row.message else ""


def _change_line(rows: Sequence[Row], *, unmasked: bool) -> str:
    first = rows[0]
    who = f"{first.contact_id[:8]:8}  {first.email if unmasked else masked(first.email):28.28}"
    told = [_field(row, unmasked=unmasked) for row in rows if row.field]
    what = f"{len(told)} fields" if first.action == "add" and len(told) > _FIELDS_SHOWN else ", ".join(told)
    codes = sorted({row.code for row in rows if row.code})
    return f"  {who}  {first.action:6} {first.outcome:9} {' '.join([what, *codes]).strip()}".rstrip()


def _field(row: Row, *, unmasked: bool) -> str:
    before, after = (row.before or "", row.after or "") if unmasked else (veiled(row.before), veiled(row.after))
    return f'{row.field}: "{before}" -> "{after}"'


def _drift(found: Mapping[str, Any]) -> str:
    drifted = found["drift"]["members"]
    if not drifted:
        return ""
    return block(
        "Drift", f"{number(drifted, 'member')} changed there while the CRM's value stayed: kept as it is there"
    )


def _problems(found: Mapping[str, Any]) -> str:
    if not found["problems"]:
        return ""
    return "\n".join(["Problems", *(_problem_line(item) for item in found["problems"])])


def _problem_line(item: Mapping[str, Any]) -> str:
    text = f"{CATALOGUE[item['code']].meaning}. Who: {item['who']}. {_capital(item['action'])}."
    head = f"  {item['count']:>6,}  {item['code']:20} "
    return textwrap.fill(head + text, WIDTH, subsequent_indent=" " * len(head))


def _cost(found: Mapping[str, Any]) -> str:
    api, seconds = found["api"], found["seconds"]
    times = ", ".join(f"{stage} {taken:.1f} s" for stage, taken in seconds.items())
    return f"Cost      {number(api['calls'], 'API call')}, {api['left_today']:,} left today; {times or 'no time'}"


def _run_line(row: Row) -> str:
    return sentence(row.report) if row.report else f"Run {row.run_id} of {row.name} - running"


def held_back(reasons: Mapping[str, int]) -> str:
    return "".join(f" + {count:,} {reason.replace('_', ' ')}" for reason, count in sorted(reasons.items()))


def reasons(reasons: Mapping[str, int]) -> str:
    return (
        ": " + ", ".join(f"{count:,} {reason.replace('_', ' ')}" for reason, count in sorted(reasons.items()))
        if reasons
        else ""
    )


def _meets(yes: bool) -> str:
    return "" if yes else "   DOES NOT MEET"


def number(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def block(label: str, text: str) -> str:
    return textwrap.fill(f"{label:9} {text}", WIDTH, subsequent_indent=" " * 10)
