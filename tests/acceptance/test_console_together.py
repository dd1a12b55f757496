"""Two people at the console who say the same, or the opposite: the first one counts, and the second one is told."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.console.access import Role
from reconciler.console.background import Background
from tests.console import Console, Visitor, open_console

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.installation import Installation


@pytest.fixture
def acme(installation: Installation) -> Installation:
    """Connected, with three contacts on the list."""
    for name in ("ada", "bob", "cy"):
        installation.add(f"{name}@example.com", first_name=name.capitalize())
    assert installation.connect().code == 0
    assert installation.run()["counts"]["added"] == 3
    return installation


@pytest.fixture
def console(acme: Installation) -> Iterator[Console]:
    with open_console(acme) as console:
        yield console


def held(acme: Installation) -> str:
    """Held by a guard; gives the number of the run that it is held since."""
    assert acme.say("set", "acme", "guard_least=2", "guard_updated_percent=25").code == 0
    acme.sql("UPDATE contacts SET last_name = 'Same'")
    assert acme.say("run", "acme").code == 4
    return str(acme.sql("SELECT held_run_id FROM reconciler.connections")[0][0])


def audited(acme: Installation, *actions: str) -> list[str]:
    rows = acme.sql("SELECT action FROM reconciler.audit WHERE action = ANY (%s) ORDER BY audit_id", list(actions))
    return [action for (action,) in rows]


def together(visitors: tuple[Visitor, Visitor], path: str) -> list[Any]:
    """Both send the form at the same moment; gives the answers, the one that counted first."""
    with ThreadPoolExecutor(2) as pool:
        sent = list(pool.map(lambda who: who.post(path), visitors))
    return sorted(sent, key=lambda each: int(each.status_code))


def test_of_two_who_pause_or_resume_at_the_same_moment_one_does_and_the_other_is_told(
    acme: Installation, console: Console
) -> None:
    both = (console.signed_in(), console.signed_in(Role.OPERATOR))
    for action, words in (("pause", "is paused already, since"), ("resume", "is not paused: console:somebody resumed")):
        first, second = together(both, f"/connections/acme/{action}")
        assert (first.status_code, second.status_code) == (303, 400)
        assert words in second.text
        assert "console:somebody" in second.text
    assert audited(acme, "pause", "resume") == ["pause", "resume"]


def test_the_command_line_says_who_was_first_too(acme: Installation, console: Console) -> None:
    assert console.signed_in().post("/connections/acme/pause").status_code == 303
    again = acme.say("pause", "acme")
    assert (again.code, "by console:somebody" in again.err) == (0, True)
    assert acme.say("resume", "--all").code == 0
    assert "acme is not paused: cli:" in acme.say("resume", "acme").err
    assert audited(acme, "pause", "resume") == ["pause", "resume"]


def test_of_two_who_approve_at_the_same_moment_one_does_and_who_declines_after_it_changes_nothing(
    acme: Installation, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = held(acme)
    both = (console.signed_in(), console.signed_in())
    monkeypatch.setattr(Background, "run", lambda *_: None)
    first, second = together(both, f"/runs/{number}/approve")
    assert (first.status_code, second.status_code) == (303, 400)
    assert "was approved already by console:somebody at" in second.text
    third = both[0].post(f"/runs/{number}/decline")
    assert (third.status_code, "was approved already by console:somebody" in third.text) == (400, True)
    assert audited(acme, "approve", "decline") == ["approve"]
    assert "approved already" in acme.say("approve", number, "--later").err
    assert acme.say("decline", number).err.startswith("acme: declined.")
    assert audited(acme, "approve", "decline") == ["approve", "decline"]


def test_of_two_who_decline_at_the_same_moment_one_does_and_an_admin_can_approve_it_yet(
    acme: Installation, console: Console
) -> None:
    number = held(acme)
    first, second = together((console.signed_in(Role.OPERATOR), console.signed_in()), f"/runs/{number}/decline")
    assert (first.status_code, second.status_code) == (303, 400)
    assert "was declined already by console:somebody at" in second.text
    assert console.signed_in().post(f"/runs/{number}/approve").status_code == 303
    console.wait()
    assert audited(acme, "approve", "decline") == ["decline", "approve"]
    assert acme.api.members()["ada@example.com"]["last_name"] == "Same"


def test_what_no_answer_helps_takes_none(acme: Installation, console: Console) -> None:
    acme.sql("ALTER TABLE contacts RENAME TO hidden")
    assert acme.say("run", "acme").code == 4
    acme.sql("ALTER TABLE hidden RENAME TO contacts")
    [(number,)] = acme.sql("SELECT held_run_id FROM reconciler.connections")
    for action, words in (("approve", "approving does not help"), ("decline", "declining does not help")):
        refused = console.signed_in().post(f"/runs/{number}/{action}")
        assert (refused.status_code, words in refused.text) == (400, True)
    assert audited(acme, "approve", "decline") == []


def test_a_second_run_now_says_which_run_goes_on(acme: Installation, console: Console) -> None:
    operator = console.signed_in(Role.OPERATOR)
    acme.sql(
        "UPDATE reconciler.leases SET until = now() + interval '1 minute', holder = 'another' RETURNING connection_id"
    )
    [(number,)] = acme.sql(
        "INSERT INTO reconciler.runs (connection_id, fence, trigger, mode, version, started_at)"
        " SELECT connection_id, fence, 'schedule', 'incremental', '0', now() FROM reconciler.leases RETURNING run_id"
    )
    went = operator.post("/connections/acme/run")
    console.wait()
    page = operator.page(went.headers["location"])
    assert f"Run {number} goes on already: another one was not needed." in page
    assert f'href="/runs/{number}"' in page
    acme.sql("UPDATE reconciler.leases SET until = now()")
    assert f"Run {number} went on already" in operator.page(went.headers["location"])


def test_a_run_that_somebody_has_stopped_says_who(acme: Installation, console: Console) -> None:
    operator = console.signed_in(Role.OPERATOR)
    acme.add("dora@example.com")

    def tell(word: str) -> None:
        if word and not audited(acme, "pause"):
            assert operator.post("/connections/acme/pause").status_code == 303

    told = acme.run_telling(tell)
    assert (told["state"], told["reason"]) == ("cancelled", "lease_lost")
    assert told["message"].startswith("paused by console:somebody at ")
    assert "dora@example.com" not in acme.api.members()
