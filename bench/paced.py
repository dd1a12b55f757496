"""A first run at the pace that Constant Contact allows, beside the time that its calls and activities take anyway."""

from __future__ import annotations

import datetime as dt
import json
import urllib.request
from typing import TYPE_CHECKING, Final

from bench.counts import POLLS
from bench.ground import ground
from bench.parts import Part, table
from bench.ratios import Ratio

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bench.ground import Ground

_PACE: Final = 4
#: How long activities take is not documented: as long as the simulator at real speed lets them take.
_ACTIVITIES: Final = ("activity_seconds=1.0", "activity_rows_per_second=2000")
_SPARE_SECONDS: Final = 15
_TEXT: Final = """\
## At real pace

A first run at 4 calls a second, where activities take a second and one for each 2,000 rows, each by itself.

"""


def part(contacts: int) -> Part:
    """Run once, and take off what nobody could save."""
    with ground(*_ACTIVITIES, pace=_PACE) as made:
        made.fill_crm(1, contacts)
        made.connect()
        made.say("start", "acme")
        ran = made.say("run", "acme")
        waited = _covered(_times(made))
        calls = ran.calls - _looks(made)
    least = calls / _PACE + waited
    rows = [
        (f"its calls at 4 a second, but for {ran.calls - calls} looks at activities", f"{calls / _PACE:.1f}"),
        ("while at least one activity ran, by stamps of whole seconds", f"{waited:.1f}"),
        ("all of it", f"{ran.seconds:.1f}"),
    ]
    name = f"seconds beside calls and activities, {contacts:,} contacts"
    ratio = Ratio(name, _SPARE_SECONDS, ran.seconds - least, most=True)
    return Part(_TEXT + table((f"{contacts:,} contacts, {ran.calls} calls", "seconds"), rows), (ratio,))


def _looks(made: Ground) -> int:
    """How often activities were looked at: they ran meanwhile."""
    history = made.door.state(contacts=False, history=1000)["history"]
    return sum(entry["operation"] in POLLS for entry in history)


def _times(made: Ground) -> list[tuple[dt.datetime, dt.datetime]]:
    request = urllib.request.Request(  # noqa: S310 - the simulated account
        f"{made.account['api_url']}/activities", headers={"Authorization": f"Bearer {made.account['access_token']}"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - as above
        found = json.load(answer)["activities"]
    return [(_moment(each["created_at"]), _moment(each["completed_at"])) for each in found]


def _moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def _covered(times: Iterable[tuple[dt.datetime, dt.datetime]]) -> float:
    """Seconds in which at least one of them ran."""
    seconds, until = 0.0, None
    for began, ended in sorted(times):
        start = began if until is None else max(began, until)
        seconds += max(0.0, (ended - start).total_seconds())
        until = ended if until is None else max(ended, until)
    return seconds
