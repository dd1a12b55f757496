"""A report and a list of runs as pages of plain text; `rendering` colours them, and has the report as HTML."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any, Final

from reconciler import rows_page
from reconciler.problems import CATALOGUE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.ledger.database import Row

STATES: Final[Mapping[str, str]] = {
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
BUCKETS: Final[Mapping[str, str]] = {
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
#: The others say it all by their names.
_HAVE_REASONS: Final = ("suppressed", "rejected", "deferred", "in_doubt")
_REASONS_FOR_FULL: Final = ("first_run", "forced", "daily_sweep", "mapping_changed", "source_changed", "gap")
#: As much of a run's rows as a page shows.
SHOWN: Final = rows_page.SHOWN
WIDTH: Final = 110


def report(found: Mapping[str, Any], rows: Sequence[Row] = (), *, unmasked: bool = False) -> str:
    """A report as a page: its first line is one sentence that says it all."""
    parts = [
        sentence(found),
        _told(found),
        _balances(found),
        _standing(found),
        block("Window", window(found)) if found["window"] else "",
        rows_page.changes(rows, unmasked=unmasked),
        _drift(found),
        _problems(found),
        rows_page.to_look_at(rows, unmasked=unmasked),
        _cost(found),
        _origin(found),
    ]
    return "\n\n".join(part for part in parts if part)


def sentence(found: Mapping[str, Any]) -> str:
    """The run in one sentence, or two where there is something to wait for."""
    return f"{headline(found)}. {looked_at(found)}"


def headline(found: Mapping[str, Any]) -> str:
    """Which run it was, and how it ended."""
    return f"Run {found['run_id']} of {found['connection']} - {STATES[found['state']]}"


def looked_at(found: Mapping[str, Any]) -> str:
    """What became of the contacts, and how many wait."""
    counts, waiting = found["counts"], found["behind"]["contacts"]
    done = [f"{counts[name]:,} {word}" for name, word in words(found).items() if counts[name]]
    taken = counts["read"] + counts["carried_in"]
    what = f"{number(taken, 'contact')} looked at" + (f": {', '.join(done)}" if done else "")
    return f"{what}. {number(waiting, 'contact')} waiting." if waiting else f"{what}."


def words(found: Mapping[str, Any]) -> Mapping[str, str]:
    """The buckets in words; where nothing was pushed nothing was added."""
    if found["state"] != "observed":
        return BUCKETS
    return {**BUCKETS, "added": "that would be added", "updated": "that would be updated"}


def runs(rows: Sequence[Row]) -> str:
    """A line a run, newest first."""
    if not rows:
        return "No run yet."
    return "\n".join(f"{row.started_at:%Y-%m-%d %H:%M:%S}  {_run_line(row)}" for row in rows)


def _told(found: Mapping[str, Any]) -> str:
    return str(found["message"]) if found.get("message") else ""


def _balances(found: Mapping[str, Any]) -> str:
    counts, members, balanced = found["counts"], found["members"], found["balanced"]
    buckets = " + ".join(f"{counts[name]:,} {word}" for name, word in words(found).items() if counts[name]) or "0"
    taken = f"{counts['read']:,} read + {counts['carried_in']:,} carried in = {buckets}"
    lines = [block("Contacts", taken + _meets(balanced["contacts"]))]
    lines += [block("", f"{BUCKETS[bucket]}{reasons(counts)}") for bucket, counts in causes(found).items()]
    if members:
        moved = f"{members['before']:,} before + {members['added']:,} added + {members['joined_elsewhere']:,} joined"
        moved += f" elsewhere - {members['left_elsewhere']:,} left elsewhere = {members['after']:,} after"
        lines.append(block("Members", moved + _meets(balanced["members"])))
    return "\n".join(lines)


def causes(found: Mapping[str, Any]) -> Mapping[str, Mapping[str, int]]:
    """What is behind each bucket that has more than one reason to it. Reports of earlier versions say it of one."""
    told: dict[str, dict[str, int]] = {}
    for cause in found.get("reasons", ()):
        code = cause["code"] or "not known yet"
        told.setdefault(cause["bucket"], {})[code] = cause["count"]
    suppressed = {"suppressed": found["suppressed"]} if found["suppressed"] else {}
    return suppressed | {bucket: counts for bucket, counts in told.items() if bucket in _HAVE_REASONS}


def _standing(found: Mapping[str, Any]) -> str:
    crm, there = found["standing"]["crm"], found["standing"]["list"]
    stand = (
        f"{there['members']:,} members = {there['from_crm']:,} from the CRM + {there['still_on_list']:,} still on the"
    )
    stand += f" list though not wanted + {there['others']:,} others{_meets(found['balanced']['standing'])}"
    on_list = f"{crm['contacts']:,} contacts = {crm['on_list']:,} on the list{held_back(crm['held_back'])}"
    return f"{block('CRM', on_list)}\n{block('List', stand)}"


def window(found: Mapping[str, Any]) -> str:
    """What was read from the CRM, and what the window had missed."""
    window = found["window"]
    why = f" ({found['reason']})" if found["reason"] in _REASONS_FOR_FULL else ""
    kind = f"full{why}" if found["mode"] == "full" else "incremental"
    if window["mode"] == "xmin":
        since = f"row versions since {window['since']}" if window["since"] else "everything"
        until = f"until version {window['until']}"
    else:
        since = f"changes since {window['since'][:19]}" if window["since"] else "everything"
        until = f"until {window['until'][:19]} by the CRM's clock"
    late = window.get("recovered_late", 0)
    found_late = f"; {number(late, 'change')} that an earlier reading had missed" if late else ""
    return f"{kind}, {since}, {until}{found_late}"


def _drift(found: Mapping[str, Any]) -> str:
    drifted = found["drift"]["members"]
    if not drifted:
        return ""
    return block("Drift", drift(drifted))


def drift(members: int) -> str:
    return f"{number(members, 'member')} changed there while the CRM's value stayed: kept as it is there"


def _problems(found: Mapping[str, Any]) -> str:
    if not found["problems"]:
        return ""
    return "\n".join(["Problems", *(_problem_line(item) for item in found["problems"])])


def _problem_line(item: Mapping[str, Any]) -> str:
    told = [f"{CATALOGUE[item['code']].meaning}", f"Who: {item['who']}", capital(item["action"]), *news(item)]
    text = " ".join(f"{each}." for each in told)
    head = f"  {item['count']:>6,}  {item['code']:20} "
    return textwrap.fill(head + text, WIDTH, subsequent_indent=" " * len(head))


def news(item: Mapping[str, Any]) -> Sequence[str]:
    """Whether a problem is new, and when its contacts are tried again; nothing in reports of earlier versions."""
    new = ["New since the last run"] if item.get("new") else []
    match item.get("retry"):
        case "next_run":
            return [*new, "The next run tries again"]
        case "at":
            return [*new, f"Tried again from {moment(item['next_retry'])} on"]
        case "on_change":
            return [*new, "Not looked at again before it changes"]
        case _:
            return new


def moment(time: str) -> str:
    """A report's time for people."""
    return f"{time[:10]} {time[11:16]} UTC"


def _cost(found: Mapping[str, Any]) -> str:
    api, seconds = found["api"], found["seconds"]
    times = ", ".join(f"{stage} {taken:.1f} s" for stage, taken in seconds.items())
    cost = f"Cost      {number(api['calls'], 'API call')}, {api['left_today']:,} left today; {times or 'no time'}"
    imports = api.get("activities", ())
    return "\n".join([cost, *([block("Imports", ", ".join(imports))] if imports else [])])


def _origin(found: Mapping[str, Any]) -> str:
    place, mapping = found["list"], found.get("mapping")
    told = [asked_by(found), f"version {found['version']}"]
    told += [f"mapping {mapping['digest'][:12]}"] if mapping and mapping["digest"] else []
    return block("Origin", f"{', '.join(told)}; the list {place['name']} of {place['account']} ({place['list_id']})")


def asked_by(found: Mapping[str, Any]) -> str:
    """What set a run going, and who asked for it."""
    return f"{found['trigger']} by {found['actor']}" if found["actor"] else str(found["trigger"])


def _run_line(row: Row) -> str:
    if row.report:
        return sentence(row.report)
    return f"Run {row.run_id} of {row.name} - {'running' if row.state is None else STATES[row.state]}"


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


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def block(label: str, text: str) -> str:
    return textwrap.fill(f"{label:9} {text}", WIDTH, subsequent_indent=" " * 10)
