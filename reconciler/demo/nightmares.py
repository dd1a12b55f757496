"""What nobody wants to happen, each with the simulated Constant Contact's own history as witness."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reconciler import page
from reconciler.demo import scenes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.demo.scenes import Hour
    from reconciler.demo.stage import Stage
    from reconciler.report import Report

_WAIT_SECONDS: Final = (3 * 60 + 10) * 60
_MOBILE: Final = "555-0187"
_NEW: Final = ("lena.late@example.com", "milo.late@example.org", "nils.late@example.net", "olga.late@example.com")
#: Whose rows nothing else of the story changes.
_WHO_CHANGE: Final = slice(30, 60)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is told of a nightmare, and whether it stayed one."""

    told: str
    is_well: bool


@dataclass(frozen=True, slots=True)
class Expiry:
    """What changed in the CRM while no token was good."""

    mobiles: Sequence[str]
    added: Sequence[str]

    @property
    def count(self) -> int:
        return len(self.mobiles) + len(self.added)


def tell_of_leaving(stage: Stage, hour: Hour) -> Outcome:
    """Whether those who left were written to since, or are on the list again."""
    written = stage.account.written(hour.requests_before, hour.off)
    back = hour.off.keys() & stage.account.look().members().keys()
    told = (
        f"Of the {len(hour.off)} who left in that hour {len(hour.in_same_minute)} were changed in the CRM in the same "
        f"minute. Constant Contact's own history since then: {page.number(written.requests, 'request')} wrote "
        f"{page.number(written.contacts, 'contact')}, {written.of_some:,} of them among these {len(hour.off)}. Back on "
        f"the list: {len(back):,}."
    )
    return Outcome(told, not written.of_some and not back and written.contacts > 0)


def let_token_end(stage: Stage) -> Expiry:
    """The token ends, and the CRM's people go on working."""
    expiry = Expiry(scenes.on_both_sides(stage)[_WHO_CHANGE], _NEW)
    stage.door.token("expire")
    scenes.give_mobile(stage, expiry.mobiles, _MOBILE)
    scenes.add_contacts(stage, expiry.added)
    return expiry


def wait(stage: Stage) -> tuple[str, int]:
    """Nobody connects for hours, and one more run is tried: how the connection stands then, and what it had asked."""
    stage.pass_time(_WAIT_SECONDS)
    before = stage.account.requests()
    stage.run()
    return stage.status().splitlines()[0], stage.account.requests() - before


def connect_again(stage: Stage) -> Report:
    """Somebody connects with a new token, and the next run catches up."""
    stage.door.token("new")
    stage.connect()
    return stage.run()


def tell_of_arrivals(stage: Stage, expiry: Expiry) -> Outcome:
    """How many of those who waited are at Constant Contact, by its own side."""
    members = stage.account.look().members()
    changed = sum(scenes.has_mobile(members.get(address, {}), _MOBILE) for address in expiry.mobiles)
    added = sum(address in members for address in expiry.added)
    told = (
        f"Arrived, by Constant Contact's own side: {changed:,} of {len(expiry.mobiles):,} new mobiles, {added:,} of "
        f"{len(expiry.added):,} new contacts."
    )
    return Outcome(told, changed + added == expiry.count)


def force_resync(stage: Stage, hour: Hour) -> tuple[Report, Outcome]:
    """Compare everything and push what differs; then look who is on the list again that was off before."""
    seen, requests = stage.account.look(), stage.account.requests()
    before = seen.off(hour.left)
    report = stage.run(full=True)
    seen_after = stage.account.look()
    after, back = seen_after.off(hour.left), before.keys() & seen_after.members().keys()
    written = stage.account.written(requests, {address: seen.contacts[address]["contact_id"] for address in before})
    told = (
        f"Constant Contact's own side before it: {len(before):,} people are off ({reasons(before)}). After it: "
        f"{len(after):,} ({reasons(after)}). Put back: {len(back):,}. Written at all: {written.of_some:,}."
    )
    return report, Outcome(told, before == after and not back and not written.of_some)


def reasons(off: Mapping[str, str]) -> str:
    """Those who are off, counted by reason."""
    counts = Counter(off.values())
    return ", ".join(f"{counts[reason]:,} {reason}" for reason in sorted(counts)) or "nobody"
