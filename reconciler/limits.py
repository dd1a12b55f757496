"""Every time and limit of a connection, with its default. `reconciler set NAME KEY=VALUE` changes one."""

from __future__ import annotations

import dataclasses
import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reconciler.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping


_PLAIN: Final = re.compile(r"\s*[0-9.eE+-]+\s*", re.ASCII)
#: PostgreSQL's longest timeout is 2^31 milliseconds; and no time of ours is longer.
_MOST: Final = 2_000_000
_NEVER_NONE: Final[Mapping[str, float]] = {
    "crm_statement_seconds": 0.001,
    "crm_check_seconds": 0.001,
    "crm_lock_seconds": 0.001,
    "slice_contacts": 1,
    "batch_bytes": 1000,
    "batch_contacts": 1,
    "lease_seconds": 1,
    "lease_renew_seconds": 0.1,
    "import_request_seconds": 1,
}
#: The provider's own: a larger import is cut without a word.
_NEVER_MORE: Final[Mapping[str, int]] = {"batch_bytes": 4_000_000, "batch_contacts": 40_000}


@dataclass(frozen=True, slots=True)
class Limits:
    """Times in seconds unless the name says otherwise.

    The order of the push's times matters: an import request is shorter than the lease, the lease than the grace time.
    """

    #: How often the scheduler gives it a tick; 0: as often as it does by default.
    interval_seconds: float = 0
    #: One statement on the CRM, and the whole reading of one window.
    crm_statement_seconds: float = 300
    #: One statement on the CRM while somebody waits: what `connect` tries out.
    crm_check_seconds: float = 30
    crm_reading_seconds: float = 1800
    #: A table that somebody has locked is waited for so long.
    crm_lock_seconds: float = 10
    #: Everything is read in every run only where that takes no longer.
    whole_seconds: float = 2
    #: How far before the watermark an `overlap` window begins.
    overlap_seconds: float = 600
    #: What the CRM's tables are like, apart from their rows, is looked at this often.
    structure_seconds: float = 600
    #: A full comparison this often, at a time of the connection's own.
    sweep_seconds: float = 86_400
    #: Who has not read the CRM for longer begins anew.
    gap_seconds: float = 86_400
    #: A first run younger than this uses the mirror that `connect` pulled.
    mirror_fresh_seconds: float = 600
    #: Contacts compared at a time.
    slice_contacts: int = 1000

    #: An import request is given up after so long; then its outcome is unknown.
    import_request_seconds: float = 120
    lease_seconds: float = 180
    lease_renew_seconds: float = 30
    #: How long an unanswered import may still arrive.
    grace_seconds: float = 240

    #: An import that has not ended after so long is an alarm; one without an answer is waited for no longer.
    alarm_seconds: float = 21_600

    #: What changed at Constant Contact is asked for from this long before the last reading.
    pull_overlap_seconds: float = 600
    #: The reading before a write is renewed when it is older.
    reading_age_seconds: float = 300
    #: Up to so many contacts are read one by one instead of the whole list.
    membership_singles: int = 3
    #: Up to so many missing members are confirmed one by one; more need a second reading of the other kind.
    absent_singles: int = 50
    absent_again_seconds: float = 120
    #: For so long after our own push a member's absence proves nothing.
    push_visible_seconds: float = 900

    #: A larger body is silently cut by Constant Contact (provider's contract, contacts_json_import).
    batch_bytes: int = 4_000_000
    batch_contacts: int = 40_000
    #: To find for whom imports were refused, a run makes so many calls, besides the first try of each.
    halving_calls: int = 40
    poll_first_seconds: float = 2
    poll_most_seconds: float = 60
    #: After so long a run leaves a running activity to the next one.
    poll_patience_seconds: float = 600
    read_back_looks: int = 3
    read_back_pause_seconds: float = 20
    read_back_singles: int = 50
    #: Only so long after an activity completed is a field said not to have been taken.
    not_taken_seconds: float = 900

    #: Contacts written by calls of their own, in any 24 hours: people before fields.
    singles_per_day: int = 500

    #: After so many runs in a row that failed as a whole a connection is in quarantine.
    quarantine_failures: int = 5
    #: So is one of which more than so much was refused, of at least so many contacts written.
    quarantine_percent: float = 40
    quarantine_least: int = 20
    #: Where so many API keys fail in the same way, and most of all, it is Constant Contact that is down.
    outage_keys: int = 3

    #: What is added or updated in 24 hours is held beyond so much of the list, and at least so many.
    guard_added_percent: float = 30
    guard_updated_percent: float = 30
    guard_least: int = 200
    #: So is one field that changes in over half of the updates, beyond so much of the list.
    guard_field_percent: float = 5
    #: So is a plan that would make more active contacts of the account than this; 0: any number.
    contact_limit: int = 0

    rows_kept_days: float = 30
    #: A contact that is written in more than so many of so many runs is reported as flapping.
    flapping_writes: int = 3
    flapping_runs: int = 6

    @classmethod
    def of(cls, chosen: Mapping[str, object]) -> Limits:
        """The defaults with what was chosen for one connection. Names of another version are left out."""
        known = {item.name for item in dataclasses.fields(cls)}
        return cls(**{name: value for name, value in chosen.items() if name in known})  # type: ignore[arg-type]  # parse() made them


def check_order(limits: Limits) -> None:
    """Raise UsageError where the push's times are out of order: a request that outlives its lease is nobody's."""
    order = ("lease_renew_seconds", "import_request_seconds", "lease_seconds", "grace_seconds")
    times = [getattr(limits, name) for name in order]
    if not all(shorter < longer for shorter, longer in itertools.pairwise(times)):
        said = " < ".join(f"{name} ({value:g})" for name, value in zip(order, times, strict=True))
        raise UsageError(f"these times must grow in this order: {said}", advice="change them together")


def parse(pairs: Mapping[str, str]) -> dict[str, float | int]:
    """Read `KEY=VALUE` settings; raises UsageError that names every unknown key and every wrong value."""
    kinds = {item.name: item.type for item in dataclasses.fields(Limits)}
    read = {key: number(text, kinds[key]) for key, text in pairs.items() if key in kinds}
    faults = [f"there is no setting {key!r}" for key in sorted(set(pairs) - set(kinds))]
    faults += [
        f"{key} needs a number from {_least(key)} to {_most(key)}, not {pairs[key]!r}"
        for key in sorted(read)
        if (found := read[key]) is None or not _least(key) <= found <= _most(key)
    ]
    if faults:
        raise UsageError("; ".join(faults), advice=f"the settings are: {', '.join(kinds)}")
    return {key: found for key, found in read.items() if found is not None}


def number(text: str, kind: object) -> float | int | None:
    """A number as people write it: Python itself also takes `1_0`, and the digits of every script. None: it is none."""
    if not _PLAIN.fullmatch(text):
        return None
    try:
        return int(text) if kind == "int" else float(text)
    except ValueError:
        return None


def _least(key: str) -> float:
    # PostgreSQL takes a statement timeout of 0 for none at all.
    return _NEVER_NONE.get(key, 0)


def _most(key: str) -> int:
    return _NEVER_MORE.get(key, _MOST)
