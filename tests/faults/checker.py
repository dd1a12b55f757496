"""Says what is wrong, by looking only at the CRM's table, at Constant Contact and its history, and at the ledger.

It knows nothing of how the program decides: what the list should show is worked out here once more, and simply.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.rows import dict_row

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from reconciler.simulator import SideDoor

    _Looking = psycopg.Connection[dict[str, Any]]

_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[a-z]+")
#: The CRM's column, and how Constant Contact calls it.
_FIELDS = {"first_name": "first_name", "last_name": "last_name", "company": "company_name", "job_title": "job_title"}
_REMOVERS = ("sign_up_form", "resubscribe", "remove_list_memberships", "contact_delete")
_TOKEN = "/oauth2/"
_ACCEPTED = (200, 201)


@dataclass(frozen=True)
class Wrong:
    """Who or what is wrong, in seven ways. Without anything wrong it equals `Wrong()`."""

    #: Belong on the list, and are not there.
    lost: tuple[str, ...] = ()
    #: Are on the list with other values than the CRM has.
    stale: tuple[str, ...] = ()
    #: Are there twice, or under an address that nobody wanted there.
    duplicates: tuple[str, ...] = ()
    #: Had unsubscribed, left or been deleted, and are back, or were written to.
    put_back: tuple[str, ...] = ()
    #: Were on the list, and are not any more; or a request that takes people off.
    removed: tuple[str, ...] = ()
    #: Requests for which no slot was reserved.
    over_budget: int = 0
    #: Contacts and batches of the ledger that are in doubt, and runs without an end.
    open_ends: tuple[str, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        found = {item.name: getattr(self, item.name) for item in fields(self)}
        return {name: value if isinstance(value, int) else len(value) for name, value in found.items()}


@dataclass(frozen=True)
class Before:
    """What was so before the round: the list's addresses by member, the requests made, and the slots reserved."""

    members: Mapping[str, str]
    requests: int
    slots: Mapping[str, int]


def before(url: str, door: SideDoor, list_id: str) -> Before:
    state = door.state()
    with _looking(url) as db:
        return Before(_listed(state, list_id), len(state["history"]), _slots(db))


def wrong(
    url: str, door: SideDoor, list_id: str, earlier: Before, off: Collection[str], strangers: Collection[str]
) -> Wrong:
    """Look at all three. `off` are the addresses that nobody may put back, `strangers` those the CRM does not have."""
    state = door.state()
    with _looking(url) as db:
        rows = _found(db, "SELECT * FROM contacts WHERE workspace = 'acme'")
        slots, open_ends = _slots(db), _open_ends(db)
    history = state["history"][earlier.requests :]
    there = {address: state_of for address, state_of in _people(state).items() if _is_on(state_of, list_id)}
    wanted = {row["email"].lower(): row for row in rows if _belongs(row)}
    known = {str(row["email"]).lower() for row in rows} | set(strangers)
    return Wrong(
        lost=_sorted(wanted.keys() - there.keys() - set(off)),
        stale=_sorted(
            who for who, row in wanted.items() if who in there and who not in off and _differs(row, there[who])
        ),
        duplicates=_sorted([*(there.keys() - known), *_twice(state, history)]),
        put_back=_sorted([*(there.keys() & set(off)), *_written(history, off)]),
        removed=_sorted([*(earlier.members.keys() - _member_ids(state, list_id, off)), *_removals(history)]),
        over_budget=_over_budget(history, earlier.slots, slots),
        open_ends=open_ends,
    )


def writes(door: SideDoor, since: int) -> list[str]:
    """The writes among the requests after so many."""
    history = door.state(contacts=False)["history"][since:]
    return [asked["operation"] for asked in history if asked["method"] != "GET" and _TOKEN not in asked["path"]]


def requests(door: SideDoor) -> int:
    """How many there were so far."""
    return int(door.state(contacts=False, history=0)["requests"]["total"])


def unbalanced(url: str) -> dict[int, list[str]]:
    """The runs whose report has sums that do not meet, and which."""
    runs = _rows(url, "SELECT run_id, report -> 'balanced' AS sums FROM reconciler.runs WHERE report IS NOT NULL")
    missed = {row["run_id"]: [name for name, meets in row["sums"].items() if not meets] for row in runs}
    return {run_id: names for run_id, names in missed.items() if names}


def held_twice(url: str) -> list[str]:
    """Contacts that were sent again while nobody knew what had become of them."""
    again = """
        SELECT DISTINCT first.contact_id FROM reconciler.batch_contacts AS first
        JOIN reconciler.batch_contacts AS later
          ON later.contact_id = first.contact_id AND later.batch_id > first.batch_id
        WHERE NOT first.settled ORDER BY 1
    """
    return [row["contact_id"] for row in _rows(url, again)]


def _belongs(row: Mapping[str, Any]) -> bool:
    can_be_mailed = row["deleted_at"] is None and not row["marketing_opt_out"]
    return bool(can_be_mailed and _ADDRESS.fullmatch((row["email"] or "").lower()))


def _people(state: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {one["email_address"]["address"].lower(): one for one in state["contacts"] if one.get("email_address")}


def _is_on(contact: Mapping[str, Any], list_id: str) -> bool:
    is_mailable = contact["email_address"]["permission_to_send"] != "unsubscribed"
    return list_id in contact.get("list_memberships", ()) and is_mailable and "deleted_at" not in contact


def _listed(state: Mapping[str, Any], list_id: str) -> dict[str, str]:
    return {one["contact_id"]: address for address, one in _people(state).items() if _is_on(one, list_id)}


def _member_ids(state: Mapping[str, Any], list_id: str, off: Collection[str]) -> set[str]:
    """Whom the list has, and who went off by themselves."""
    gone = {one["contact_id"] for address, one in _people(state).items() if address in off}
    return gone | _listed(state, list_id).keys()


def _differs(row: Mapping[str, Any], contact: Mapping[str, Any]) -> bool:
    return any(row[column] and contact.get(field) != row[column] for column, field in _FIELDS.items())


def _twice(state: Mapping[str, Any], history: Iterable[Mapping[str, Any]]) -> list[str]:
    """Addresses that two contacts have, or that were created twice by calls of their own."""
    addresses = Counter(
        one["email_address"]["address"].lower() for one in state["contacts"] if one.get("email_address")
    )
    created = Counter(
        address.lower()
        for asked in history
        if asked["operation"] == "createContact" and asked["status"] in _ACCEPTED
        for address in asked["emails"]
    )
    return [address for counted in (addresses, created) for address, times in counted.items() if times > 1]


def _written(history: Iterable[Mapping[str, Any]], off: Collection[str]) -> list[str]:
    return [address for asked in history for address in asked.get("emails", ()) if address.lower() in off]


def _removals(history: Iterable[Mapping[str, Any]]) -> list[str]:
    return [
        f"{asked['method']} {asked['path']}"
        for asked in history
        if asked["method"] == "DELETE" or any(word in asked["path"] for word in _REMOVERS)
    ]


def _over_budget(history: Sequence[Mapping[str, Any]], earlier: Mapping[str, int], now: Mapping[str, int]) -> int:
    """Requests that came on the last day beyond its slots. A slot may be wasted; none is used twice."""
    ((day, slots),) = now.items() or {("", 0)}
    came = sum(asked["at"].startswith(day) for asked in history if _TOKEN not in asked["path"])
    return int(max(0, came - (slots - earlier.get(day, 0))))


def _slots(db: _Looking) -> dict[str, int]:
    """The slots that were reserved on the day of the last one; runs use one API key here."""
    found = _found(db, "SELECT day, calls FROM reconciler.api_budgets ORDER BY calls DESC LIMIT 1")
    return {str(row["day"]): row["calls"] for row in found} or {"": 0}


def _open_ends(db: _Looking) -> tuple[str, ...]:
    doubt = _found(db, "SELECT contact_id FROM reconciler.batch_contacts WHERE NOT settled")
    batches = _found(db, "SELECT batch_id FROM reconciler.batches WHERE state IN ('intended', 'submitted')")
    runs = _found(db, "SELECT run_id FROM reconciler.runs WHERE state IS NULL")
    return (
        *(f"contact {row['contact_id']} in doubt" for row in doubt),
        *(f"batch {row['batch_id']} unsettled" for row in batches),
        *(f"run {row['run_id']} without an end" for row in runs),
    )


def _rows(url: str, statement: str) -> list[dict[str, Any]]:
    with _looking(url) as db:
        return _found(db, statement)


def _looking(url: str) -> _Looking:
    """A connection for one look: to make one costs as much as a dozen questions."""
    return psycopg.connect(url, row_factory=dict_row)


def _found(db: _Looking, statement: str) -> list[dict[str, Any]]:
    return db.execute(statement.encode()).fetchall()


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(names))
