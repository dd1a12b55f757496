"""The usual script, beside: the same people in the same states, at a second simulated Constant Contact."""

from __future__ import annotations

import inspect
import logging
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from reconciler.demo import usual_script
from reconciler.demo.account import Account
from reconciler.demo.stage import WORKSPACE
from reconciler.simulator import SideDoor, Simulator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.demo.stage import Stage

_A_DAY: Final = 10_000
_A_SECOND: Final = 4
_SECONDS: Final = 60
_WHO: Final = {
    "deleted": "who had been deleted",
    "left the list": "who had left the list",
    "unsubscribed": "who had unsubscribed",
}
_TEXTS: Final = ("first_name", "last_name", "job_title", "company_name")


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass over everybody: what it asked, and whom it put back, with the reason for which they had been off."""

    calls: int
    put_back: Mapping[str, str]

    @property
    def days(self) -> float:
        """How much of the 10,000 calls that a key may make in a day."""
        return self.calls / _A_DAY

    @property
    def minutes(self) -> float:
        """How long it takes at four calls a second, the most that is allowed."""
        return self.calls / _A_SECOND / _SECONDS


def run_usual_script(stage: Stage, off: Mapping[str, str]) -> Pass:
    """Let the usual script do a pass. `off`: who is not on the list, by address, with the reason."""
    with Simulator(speed="fast") as simulator:
        account = Account(SideDoor(simulator.url), simulator.list_id)
        _copy(stage.account, account)
        already = who_is_back(off, account)
        requests = account.requests()
        usual_script.sync(_rows(stage), _api(simulator), simulator.list_id)
        back = who_is_back(off, account)
        return Pass(
            account.requests() - requests, {address: back[address] for address in back if address not in already}
        )


def who_is_back(off: Mapping[str, str], account: Account) -> dict[str, str]:
    """Who of those that were off is on the list now and can be written to."""
    members = account.look().members()
    return {address: reason for address, reason in off.items() if address in members}


def table(theirs: Pass, ours: Pass) -> str:
    """Both side by side."""
    rows = [
        ("one full pass over everybody", "usual_script.py", "the reconciler"),
        ("calls", f"{theirs.calls:,}", f"{ours.calls:,}"),
        (f"days of quota, at {_A_DAY:,} calls a day", _short(theirs.days), _short(ours.days)),
        (f"minutes, at {_A_SECOND} calls a second", _short(theirs.minutes), _short(ours.minutes)),
        ("people put back on the list", f"{len(theirs.put_back):,}", f"{len(ours.put_back):,}"),
    ]
    for reason in sorted(set(theirs.put_back.values()) | set(ours.put_back.values())):
        script, own = (list(each.put_back.values()).count(reason) for each in (theirs, ours))
        rows.append((f"  {_WHO[reason]}", f"{script:,}", f"{own:,}"))
    return "\n".join(f"{what:38}{script:>18}{own:>18}" for what, script, own in rows)


def _short(value: float) -> str:
    return f"{value:,.1f}" if value >= 1 else f"{value:.2g}"


def lines_of_script() -> int:
    return len(inspect.getsource(usual_script).splitlines())


def _api(simulator: Simulator) -> usual_script.Api:
    """The script's way to the simulator: no pause, and no proxy of this machine."""
    usual_script.log.propagate = False
    usual_script.log.addHandler(logging.NullHandler())
    api = usual_script.Api(simulator.api_url, simulator.access_token, pause_seconds=0)
    api.open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open
    return api


def _rows(stage: Stage) -> list[dict[str, Any]]:
    """The CRM's contacts as an export has them."""
    rows = stage.sql("SELECT to_jsonb(contacts) FROM contacts WHERE workspace = %s ORDER BY id", WORKSPACE)
    return [row for (row,) in rows]


def _copy(source: Account, target: Account) -> None:
    """Everybody with an address, on the list or off it, subscribed or not, deleted or not."""
    contacts = source.look().contacts
    target.door.contact(
        action="bulk_create", contacts=[_copied(contact, source, target) for contact in contacts.values()]
    )
    for contact in contacts.values():
        if "deleted_at" in contact:
            target.door.contact(action="delete", email=contact["email_address"]["address"])


def _copied(contact: Mapping[str, Any], source: Account, target: Account) -> dict[str, object]:
    email = contact["email_address"]
    fields = {name: contact[name] for name in _TEXTS if name in contact}
    fields |= {f"{phone['kind']}_phone": phone["phone_number"] for phone in contact.get("phone_numbers", ())}
    copied = {"email": email["address"], "permission": email["permission_to_send"], "fields": fields}
    is_on_list = source.list_id in contact.get("list_memberships", ())
    return copied | ({"list_id": target.list_id} if is_on_list else {})
