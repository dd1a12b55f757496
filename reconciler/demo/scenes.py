"""What happens in the demo's story on an ordinary day, scene by scene; each says what it did in a line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from reconciler import connection_page, connections, forecast, page

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.demo.stage import Stage

_AN_HOUR: Final = 3600
_NEW: Final = ("iris.new@example.com", "jonas.new@example.org", "kira.new@example.net")
_MOVED_TO: Final = "nora.moved@example.com"


@dataclass(frozen=True, slots=True)
class Hour:
    """What changed on either side in an hour."""

    told: Sequence[str]
    #: Who unsubscribed, left the list or was deleted at Constant Contact in it: contact ids there by address.
    off: Mapping[str, str]
    #: Everybody who was off at its end by Constant Contact's own side, also from before, with the reason by address.
    everybody_off: Mapping[str, str]
    #: Who left the list in it and is a contact still.
    left: Sequence[str]
    #: Those of `off` whose CRM rows changed in the same minute.
    in_same_minute: Sequence[str]
    #: Whose first name the list's owner changed at Constant Contact.
    renamed: str
    #: Whose address changed in the CRM, as Constant Contact had them before.
    moved: Mapping[str, Any]
    #: How many requests there had been before.
    requests_before: int


def look_at_first_sync(stage: Stage) -> str:
    """Connect, say what the first sync would do, and start."""
    connection = stage.connect()
    report = stage.run(plan_only=True, trigger="connect")
    with stage.ledger.transaction() as tx:
        touched = forecast.touched(tx, connection.connection_id, report.run_id)
        expected = forecast.of_plan(tx, connection, report, stage.process.pace(connection))
    connections.start(stage.ledger, connection, "demo")
    return connection_page.consequences(report.to_json(), **touched, **expected.to_json())


def live_an_hour(stage: Stage) -> Hour:
    """Change both sides as an hour does."""
    stage.pass_time(_AN_HOUR)
    before, people = stage.account.look().members(), on_both_sides(stage)
    phones, unsubscribed, left, deleted, renamed = people[:12], people[12:15], people[15:17], people[17], people[18]
    moved = _give_more(stage, before[people[22]])
    requests = stage.account.requests()
    _change_crm(stage, phones, people[19:21], people[21], people[22])
    for address in unsubscribed:
        stage.door.contact(action="unsubscribe", email=address)
    for address in left:
        stage.door.contact(action="leave_list", email=address, list_id=stage.simulator.list_id)
    stage.door.contact(action="delete", email=deleted)
    stage.door.contact(action="change", email=renamed, fields={"first_name": "Renamed There"})
    same_minute = (unsubscribed[0], left[0])
    for address in same_minute:
        stage.sql("UPDATE contacts SET job_title = 'Changed in the same minute' WHERE lower(email) = %s", address)
    in_crm = (
        f"In the CRM: {len(phones)} people get a new mobile, {len(_NEW)} contacts are new, 2 opt out, 1 is deleted, 1 "
        f"gets another e-mail address, {len(same_minute)} of those who leave get another job title."
    )
    there = (
        f"At Constant Contact: {len(unsubscribed)} unsubscribe, {len(left)} leave the list, 1 is deleted, 1 is renamed "
        "by the list's owner."
    )
    off = {address: before[address]["contact_id"] for address in (*unsubscribed, *left, deleted)}
    return Hour((there, in_crm), off, stage.account.look().off(left), left, same_minute, renamed, moved, requests)


def tell_of_moved(stage: Stage, hour: Hour) -> tuple[str, bool]:
    """What became of the contact whose address changed, by Constant Contact's own side."""
    there = stage.account.look().contacts.get(_MOVED_TO, {})
    email, former = there.get("email_address", {}), hour.moved["email_address"]
    kept = {
        "the same contact has the new one": there.get("contact_id") == hour.moved["contact_id"],
        "still on its other list": there.get("list_memberships") == hour.moved["list_memberships"],
        "with its tag": there.get("taggings") == hour.moved["taggings"] != [],
        "its permission as it was": email.get("permission_to_send") == former["permission_to_send"],
    }
    told = ", ".join(words if is_so else f"NOT {words}" for words, is_so in kept.items())
    return f"The changed e-mail address at Constant Contact: {told}.", all(kept.values())


def do_nothing(stage: Stage) -> str:
    """Run again although nothing happened."""
    before = stage.account.requests()
    report = stage.run()
    return f"{page.sentence(report.to_json())} Constant Contact had {stage.account.requests() - before} requests."


def on_both_sides(stage: Stage) -> list[str]:
    """Addresses that exactly one contact of the CRM and a mailable member of the list have, in a fixed order."""
    rows = stage.sql(
        "SELECT lower(trim(email)) FROM contacts WHERE deleted_at IS NULL AND NOT marketing_opt_out"
        " GROUP BY 1 HAVING count(*) = 1 AND bool_and(email = lower(trim(email))) ORDER BY 1"
    )
    members = stage.account.look().members()
    return [address for (address,) in rows if address in members]


def add_contacts(stage: Stage, addresses: Sequence[str]) -> None:
    """Add contacts to the CRM."""
    for address in addresses:
        stage.sql("INSERT INTO contacts (workspace, email, first_name) VALUES ('acme', %s, 'New')", address)


def give_mobile(stage: Stage, addresses: Sequence[str], mobile: str) -> None:
    """Give contacts of the CRM a new mobile."""
    for address in addresses:
        stage.sql("UPDATE contacts SET mobile = %s WHERE lower(email) = %s", mobile, address)


def has_mobile(member: Mapping[str, Any], mobile: str) -> bool:
    """Whether somebody has this mobile at Constant Contact."""
    return any(phone["phone_number"] == mobile for phone in member.get("phone_numbers", ()))


def _change_crm(stage: Stage, phones: Sequence[str], opted_out: Sequence[str], removed: str, moved: str) -> None:
    give_mobile(stage, phones, "555-0142")
    add_contacts(stage, _NEW)
    for address in opted_out:
        stage.sql("UPDATE contacts SET marketing_opt_out = true WHERE lower(email) = %s", address)
    stage.sql("UPDATE contacts SET deleted_at = now() WHERE lower(email) = %s", removed)
    stage.sql("UPDATE contacts SET email = %s WHERE lower(email) = %s", _MOVED_TO, moved)


def _give_more(stage: Stage, member: Mapping[str, Any]) -> Mapping[str, Any]:
    """Put a member on another list and give it a tag, as the list's owner does; gives it as it is then."""
    contact_id = member["contact_id"]
    other = stage.door.list(action="create", name="Garden Club")
    tag = stage.door.tag(name="Spring fair")
    stage.door.contact(action="join_list", contact_id=contact_id, list_id=other["list_id"])
    shown: Mapping[str, Any] = stage.door.contact(action="tag", contact_id=contact_id, tag_id=tag["tag_id"])["contact"]
    return shown
