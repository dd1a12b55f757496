"""A CRM that has far fewer contacts than before is not believed; somebody is asked, or it mends by itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.shrinking import NOBODY, PEOPLE, at_most, everything, held_run, is_held, run_ids, show, ten_people

if TYPE_CHECKING:
    from tests.installation import Installation

pytestmark = pytest.mark.http


@pytest.fixture
def acme(installation: Installation) -> Installation:
    return ten_people(installation)


@pytest.mark.parametrize(("left", "share"), [(0, 100), (4, 60)])
def test_no_contacts_or_less_than_half_holds_and_changes_nothing(acme: Installation, left: int, share: int) -> None:
    before = everything(acme)
    show(acme, at_most(left))

    said = acme.say("run", "acme", "--json")

    report = said.json
    assert (said.code, report["state"], report["reason"]) == (4, "held", "source_shrunk")
    assert everything(acme) == before
    assert (report["api"]["calls"], report["plan"]["digest"]) == (0, None)
    assert report["standing"]["crm"] == {"contacts": 10, "on_list": 10, "held_back": {}}
    assert [problem["code"] for problem in report["problems"]] == ["source_shrunk"]
    assert f"returned {left} contacts, {share} % fewer than the 10 of last time" in report["message"]


def test_the_notice_is_one_line_with_the_numbers_and_what_to_do(acme: Installation) -> None:
    show(acme, at_most(4))

    said = acme.say("run", "acme")

    assert said.code == 4
    lines = [line for line in said.err.splitlines() if not line.startswith("{")]  # but for the log's own
    assert len(lines) == 1
    number = run_ids(acme)[-1]
    assert re.match(r"acme: Held since \d{4}-\d\d-\d\d .*4 contacts, 60 % fewer than the 10 of last time", lines[0])
    assert "it goes on by itself when they are back" in said.err
    assert f"`reconciler approve {number}`" in said.err
    assert f"`reconciler decline {number}`" in said.err
    assert "held: nothing was pushed" in said.out
    assert "4 contacts, 60 % fewer" in acme.say("status", "acme").out


def test_one_contact_of_three_is_told_in_words_that_fit(installation: Installation) -> None:
    for number in range(3):
        installation.add(f"p{number}@example.com")
    installation.sql(f"CREATE VIEW people AS {PEOPLE}")
    (installation.folder / "contacts.sql").write_text("SELECT * FROM people")
    installation.connect("acme", "--contacts-sql", "contacts.sql")
    installation.run()
    show(installation, at_most(1))

    assert "returned 1 contact, 67 % fewer than the 3 of last time" in installation.run()["message"]


def test_ticks_while_it_is_held_leave_no_run_and_make_no_call(acme: Installation) -> None:
    show(acme, NOBODY)
    assert acme.say("run", "--all").code == 0
    held, calls = run_ids(acme), acme.api.calls()

    for _ in range(3):
        acme.later(10)
        said = acme.say("run", "--all")
        assert (said.code, said.out) == (0, "")
        assert said.err.count("\n") == 1
        assert f"`reconciler approve {held[-1]}`" in said.err

    assert run_ids(acme) == held
    assert acme.api.calls() == calls


def test_a_tick_that_sees_other_numbers_says_these(acme: Installation) -> None:
    show(acme, at_most(4))
    acme.say("run", "--all")
    show(acme, at_most(2))

    said = acme.say("run", "--all")

    assert "2 contacts, 80 % fewer than the 10 of last time" in said.err
    assert len(acme.sql("SELECT * FROM reconciler.holds")) == 1


def test_it_lifts_by_itself_when_they_are_back(acme: Installation) -> None:
    show(acme, NOBODY)
    held_run(acme)
    show(acme, PEOPLE)
    acme.add("new@example.com")

    assert acme.say("run", "--all").code == 0

    assert "new@example.com" in acme.api.members()
    assert not is_held(acme)
    assert acme.sql("SELECT answer, lifted_at IS NULL FROM reconciler.holds") == [(None, False)]
    assert acme.run()["state"] == "nothing_to_do"


def test_a_plan_is_held_too_and_leaves_no_hold(acme: Installation) -> None:
    show(acme, NOBODY)
    before = everything(acme)

    said = acme.say("plan", "acme", "--json")

    assert (said.code, said.json["state"], said.json["reason"]) == (4, "held", "source_shrunk")
    assert not is_held(acme)
    assert everything(acme) == before


def test_exactly_half_is_believed(acme: Installation) -> None:
    show(acme, at_most(5))

    report = acme.run()

    assert (report["state"], report["counts"]["read"]) == ("nothing_to_do", 5)
    assert report["standing"]["list"] == {"members": 10, "from_crm": 5, "still_on_list": 5, "others": 0}


def test_growth_is_believed(acme: Installation) -> None:
    for number in range(30):
        acme.add(f"new{number}@example.com")

    assert acme.run()["counts"]["added"] == 30


def test_a_first_run_on_an_empty_crm_is_not_held(installation: Installation) -> None:
    assert installation.connect().code == 0

    report = installation.run()

    assert (report["state"], report["counts"]["read"]) == ("nothing_to_do", 0)


def test_a_sweep_of_row_versions_that_finds_nobody_is_held(installation: Installation) -> None:
    installation.add("ada@example.com")
    installation.connect()
    installation.run()
    installation.sql("DELETE FROM contacts")

    said = installation.say("run", "acme", "--full", "--json")

    assert (said.code, said.json["reason"]) == (4, "source_shrunk")
    assert installation.sql("SELECT gone_at FROM reconciler.contacts") == [(None,)]


def test_contacts_that_are_gone_when_their_push_is_due_hold_it(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(30):
        installation.add(f"p{number}@example.com")
    installation.connect()
    with monkeypatch.context() as patch:
        patch.setenv("RECONCILER_READ_ONLY", "1")
        assert installation.run()["state"] == "observed"
    installation.add("new@example.com")

    def act(words: str) -> None:
        if words.startswith("comparing"):
            installation.sql("DELETE FROM contacts WHERE email <> 'new@example.com'")

    report = installation.run_telling(act)

    assert (report["state"], report["reason"]) == ("held", "source_shrunk")
    assert installation.api.imported() == []


def test_a_hold_of_the_source_is_lifted_only_by_reading_everything(installation: Installation) -> None:
    installation.add("ada@example.com")
    installation.connect()
    installation.run()
    installation.sql("DELETE FROM contacts")
    assert installation.run("acme", "--full")["reason"] == "source_shrunk"
    calls = installation.api.calls()

    assert installation.say("run", "--all").err.startswith("acme: Held since")

    assert installation.api.calls() == calls
    assert installation.sql("SELECT gone_at FROM reconciler.contacts") == [(None,)]
