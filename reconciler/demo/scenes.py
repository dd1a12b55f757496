"""What happens in the demo's story, scene by scene; each says what it did in a line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reconciler import connection_page, connections, forecast, page
from reconciler.demo import agreement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.demo.agreement import Agreement
    from reconciler.demo.stage import Stage
    from reconciler.report import Report

_AN_HOUR: Final = 3600
_NEW: Final = ("iris.new@example.com", "jonas.new@example.org", "kira.new@example.net")


@dataclass(frozen=True, slots=True)
class Hour:
    """What changed on either side in a hour."""

    told: Sequence[str]
    #: Who unsubscribed, left the list or was deleted at Constant Contact in it, by address.
    off: Sequence[str]
    #: Whose first name the list's owner changed at Constant Contact.
    renamed: str
    #: How many imports there had been before.
    imports_before: int


def look_at_first_sync(stage: Stage) -> str:
    """Connect, say what the first sync would do, and start."""
    connection = stage.connect()
    report = stage.run(plan_only=True, trigger="connect")
    with stage.ledger.transaction() as tx:
        touched = forecast.touched(tx, report)
        expected = forecast.of_plan(tx, connection, report, stage.process.pace(connection))
    connections.start(stage.ledger, connection, "demo")
    return connection_page.consequences(report.to_json(), **touched, **expected.to_json())


def live_an_hour(stage: Stage) -> Hour:
    """Change both sides as an hour does."""
    stage.pass_time(_AN_HOUR)
    people = _on_both_sides(stage)
    phones, unsubscribed, left, deleted, renamed = people[:12], people[12:15], people[15:17], people[17], people[18]
    opted_out, removed = people[19:21], people[21]
    for address in phones:
        stage.sql("UPDATE contacts SET mobile = '555-0142' WHERE lower(email) = %s", address)
    for address in _NEW:
        stage.sql("INSERT INTO contacts (workspace, email, first_name) VALUES ('acme', %s, 'New')", address)
    for address in opted_out:
        stage.sql("UPDATE contacts SET marketing_opt_out = true WHERE lower(email) = %s", address)
    stage.sql("UPDATE contacts SET deleted_at = now() WHERE lower(email) = %s", removed)
    imports = len(stage.imports())
    for address in unsubscribed:
        stage.door.contact(action="unsubscribe", email=address)
    for address in left:
        stage.door.contact(action="leave_list", email=address, list_id=stage.simulator.list_id)
    stage.door.contact(action="delete", email=deleted)
    stage.door.contact(action="change", email=renamed, fields={"first_name": "Renamed There"})
    for address in (unsubscribed[0], left[0]):
        stage.sql("UPDATE contacts SET job_title = 'Changed in the same minute' WHERE lower(email) = %s", address)
    told = (
        "In the CRM: 12 people who stay get a new mobile, 3 contacts are new, 2 opt out, 1 is deleted.",
        "At Constant Contact: 3 unsubscribe, 2 leave the list, 1 is deleted, 1 is renamed by the list's owner.",
        "Two of those who leave are changed in the CRM in the same minute.",
    )
    return Hour(told, (*unsubscribed, *left, deleted), renamed, imports)


def afterword(stage: Stage, hour: Hour) -> str:
    """What became of those who left: by the simulated Constant Contact's own history."""
    sent = sum(address in emails for emails in stage.imports()[hour.imports_before :] for address in hour.off)
    return (
        f"Of the {len(hour.off)} who left, {sent} were in an import, by Constant Contact's own history; "
        "also not the two whose CRM rows changed in the same minute. The name changed there was kept: it is drift."
    )


def do_nothing(stage: Stage) -> str:
    """Run again although nothing happened."""
    before = stage.door.state(contacts=False)["requests"]["total"]
    report = stage.run()
    calls = stage.door.state(contacts=False)["requests"]["total"] - before
    return f"{page.sentence(report.to_json())} Constant Contact had {calls} requests."


def force_resync(stage: Stage, hour: Hour) -> tuple[Report, str, Agreement]:
    """Compare everything and push what differs; then look whether anybody came back."""
    report = stage.run(full=True)
    off = _off(stage) | set(hour.off)
    found = agreement.compare(stage, off, {hour.renamed: "first_name"})
    kept = report.to_json()["suppressed"]
    told = ", ".join(f"{count:,} {reason.replace('_', ' ')}" for reason, count in kept.items())
    return report, f"{page.sentence(report.to_json())} Kept off: {told}.", found


def _on_both_sides(stage: Stage) -> list[str]:
    """Addresses that exactly one contact of the CRM and a mailable member of the list have, in a fixed order."""
    rows = stage.sql(
        "SELECT lower(trim(email)) FROM contacts WHERE deleted_at IS NULL AND NOT marketing_opt_out"
        " GROUP BY 1 HAVING count(*) = 1 AND bool_and(email = lower(trim(email))) ORDER BY 1"
    )
    members = agreement.members(stage)
    return [address for (address,) in rows if address in members]


def _off(stage: Stage) -> set[str]:
    """Whom Constant Contact shows as unsubscribed or deleted."""
    return {
        contact["email_address"]["address"].casefold()
        for contact in stage.door.state()["contacts"]
        if "deleted_at" in contact or contact["email_address"]["permission_to_send"] == "unsubscribed"
    }
