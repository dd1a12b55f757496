"""The first page: every connection that is theirs to see, with its freshness as the headline."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from reconciler import health
from reconciler.console import faces, keys, strips
from reconciler.console.access import Role
from reconciler.console.answers import Page
from reconciler.console.routes import Route
from reconciler.health import Stands
from reconciler.ledger import ages, console_overview, usage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.console.answers import Answer
    from reconciler.console.desk import Visit
    from reconciler.console.faces import Face
    from reconciler.health import Health
    from reconciler.ledger.database import Row, Transaction

_A_PAGE: Final = 25
#: Who needs somebody comes first.
_ORDER: Final = ("needs", "retry", "off", "ok")
_SORTS: Final = ("needs", "freshness", "name")


@dataclass(frozen=True, slots=True)
class _Entry:
    """A connection with how it stands."""

    place: Row
    health: Health
    face: Face


def overview(visit: Visit) -> Answer:
    """A page of connections, with how many need somebody."""
    q, sort = visit.query.get("q", "").strip(), visit.query.get("sort", "")
    sort = sort if sort in _SORTS else _SORTS[0]
    with visit.ledger.transaction() as tx:
        found = _found(tx, visit.person.grants.workspaces(), q, has_keys=keys.trouble(visit.desk.here) is None)
        pages = max(1, math.ceil(len(found) / _A_PAGE))
        number = min(pages, visit.page)
        shown = _sorted(found, sort)[(number - 1) * _A_PAGE : number * _A_PAGE]
        connections = _told(tx, shown, visit.desk.here.settings.pace_per_day)
    kinds = [entry.face.kind for entry in found]
    content = {
        "totals": {"connections": len(found), "needs_you": kinds.count("needs"), "retrying": kinds.count("retry")},
        "q": q,
        "sort": sort,
        "page": number,
        "pages": pages,
        "connections": connections,
    }
    return Page("overview.html", "Connections", content)


def _found(tx: Transaction, workspaces: Sequence[str] | None, q: str, *, has_keys: bool) -> list[_Entry]:
    """The connections of these workspaces; without the key ring each of them needs somebody."""
    places = console_overview.places(tx, workspaces, q)
    judged = {each.connection_id: health.judge(each) for each in ages.of_all(tx, workspaces)}
    there = [(place, judged[place.connection_id]) for place in places if place.connection_id in judged]
    return [_Entry(place, each, faces.of(each.state if has_keys else Stands.NEEDS_YOU)) for place, each in there]


def _sorted(found: Sequence[_Entry], sort: str) -> Sequence[_Entry]:
    match sort:
        case "name":
            return found
        case "freshness":
            return sorted(found, key=lambda entry: -_behind(entry.health))
        case _:
            return sorted(found, key=lambda entry: (_ORDER.index(entry.face.kind), not entry.health.late))


def _behind(found: Health) -> float:
    """What was never read is behind all others."""
    return math.inf if found.behind_seconds is None else found.behind_seconds


def _told(tx: Transaction, shown: Sequence[_Entry], per_day: int) -> list[dict[str, Any]]:
    ids = [entry.place.connection_id for entry in shown]
    runs, news = console_overview.strips(tx, ids, strips.MOST), console_overview.news(tx, ids)
    # Several connections may share an API key.
    keys = {entry.place.key_fingerprint: entry.place.pace_per_day or per_day for entry in shown}
    left = {key: usage.left_today(tx, key, calls) for key, calls in keys.items()}
    return [_one(entry, runs.get(entry.place.connection_id, ()), news, left) for entry in shown]


def _one(entry: _Entry, runs: Sequence[Row], news: Mapping[int, int], left: Mapping[bytes, int]) -> dict[str, Any]:
    place, found = entry.place, entry.health
    return {
        "name": place.name,
        "workspace": place.workspace,
        "account": place.organization,
        "list": place.list_name,
        "face": entry.face.to_json(),
        "state": found.state.value,
        "headline": found.headline,
        "behind_seconds": None if found.behind_seconds is None else round(found.behind_seconds),
        "waiting": found.waiting,
        "late": found.late,
        "runs": strips.of(runs),
        "runs_told": strips.words(runs),
        "left_today": left[place.key_fingerprint],
        "new_problems": news.get(place.connection_id, 0),
    }


ROUTES: Final = (Route("GET", "/", Role.VIEWER, overview),)
