"""What a report says, counted once more from Constant Contact's own history and from the ledger's rows."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from tests.faults import checker

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.faults.expected import Now
    from tests.faults.worlds import World

_TOKEN = "/oauth2/"
#: What a plan may not touch. The mirrors with their watermark are read anew, and it has a report.
_NOT_A_PLAN_S = ("rejects", "batches", "batch_contacts", "holds", "approvals")
#: Of a pair: what was decided. That it is due again is of the mirror: a contact was read with another address.
_DECIDED = "connection_id, contact_id, member_id, verdict, message, decided_at, applied, shown, drifted, refused_fields"


def sums(world: World) -> dict[int, list[str]]:
    """The runs of which a sum does not meet, whatever happened to them."""
    return checker.unbalanced(world.installation.url)


def differences(world: World, report: Mapping[str, Any], since: int, before: Now, after: Now) -> dict[str, object]:
    """Where an undisturbed run's report is not what is counted; nothing in doubt before or after it."""
    history = world.api.door.state(contacts=False)["history"][since:]
    asked = Counter(entry["operation"] for entry in history if _TOKEN not in entry["path"])
    rows = checker._rows(
        world.installation.url,
        "SELECT DISTINCT contact_id, action FROM reconciler.run_rows"
        f" WHERE run_id = {report['run_id']} AND outcome = 'verified'",
    )
    added = {row["contact_id"] for row in rows if row["action"] == "add"}
    updated = {row["contact_id"] for row in rows if row["action"] != "add"} - added
    joined = {one["contact_id"] for one in after.listed.values()} - {
        one["contact_id"] for one in before.listed.values()
    }
    counted = {
        "calls": (report["api"]["by_operation"], dict(asked)),
        "rows added": (report["counts"]["added"], len(added)),
        "rows updated": (report["counts"]["updated"], len(updated)),
        "joined there": (report["counts"]["added"], len(joined)),
    }
    if (members := report["members"]) is not None:
        counted["before"] = (members["before"], len(before.listed))
        counted["after"] = (members["after"], len(after.listed))
        counted["standing"] = (report["standing"]["list"]["members"], len(after.listed))
    return {name: pair for name, pair in counted.items() if pair[0] != pair[1]}


def kept_by_a_plan(world: World) -> str:
    """A fingerprint of everything that a plan may not touch."""
    sources = [f"SELECT * FROM reconciler.{table}" for table in _NOT_A_PLAN_S]
    sources.append(f"SELECT {_DECIDED} FROM reconciler.pairs")
    parts = [
        f"SELECT {number} AS number, md5(string_agg(CAST(t AS text), '|' ORDER BY CAST(t AS text))) AS what"
        f" FROM ({source}) AS t"
        for number, source in enumerate(sources)
    ]
    return str(checker._rows(world.installation.url, " UNION ALL ".join(parts) + " ORDER BY 1"))
