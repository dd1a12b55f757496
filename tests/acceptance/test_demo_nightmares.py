"""The demo's claims are counted: where a nightmare comes true, it says so, and the demo does not exit with 0."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reconciler.demo import beside, killing, nightmares, people, scenes, story
from reconciler.demo.stage import fill_account, set_stage
from reconciler.ledger import connections
from reconciler.reconcile import find

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.demo.scenes import Hour
    from reconciler.demo.stage import Stage

pytestmark = pytest.mark.http

CONTACTS = 100
LOOK, WAIT = scenes.look_at_first_sync, nightmares.wait


@contextlib.contextmanager
def _set() -> Iterator[Stage]:
    """The demo's stage without the provider's limits."""
    crowd = people.people(CONTACTS)
    with set_stage(crowd, lambda _: None, speed="fast", pace=1_000) as stage:
        fill_account(stage, crowd)
        yield stage


def _look_quickly(stage: Stage) -> str:
    """Connect as the demo does, with shorter waits."""
    told = LOOK(stage)
    with stage.ledger.transaction() as tx:
        quick = {"poll_first_seconds": 0.02, "read_back_pause_seconds": 0.02}
        connections.set_settings(tx, find(stage.ledger, "acme").connection_id, quick)
    return told


@pytest.fixture
def played() -> Iterator[tuple[Stage, Hour]]:
    """The story up to the end of its hour."""
    with _set() as stage:
        _look_quickly(stage)
        stage.run()
        yield stage, scenes.live_an_hour(stage)


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """Everything set for the whole story."""
    monkeypatch.setattr(scenes, "look_at_first_sync", _look_quickly)
    with _set() as made:
        yield made


def shown_in_the_readme() -> list[str]:
    """The lines of the report at its beginning."""
    readme = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")
    return readme.partition("```text\n")[2].partition("```")[0].splitlines()


def shape(text: str) -> str:
    """A text but for its numbers and how it is broken into lines."""
    return re.sub(r"\d[\d,.]*\d|\d", "#", " ".join(text.split()))


def test_the_whole_story_ends_well_and_every_nightmare_stays_one(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    ended_well = story._tell_chapters(stage)

    told = " ".join(capsys.readouterr().out.split())
    assert ended_well, told
    for line in shown_in_the_readme():
        assert shape(line) in shape(told), line
    assert "the same contact has the new one, still on its other list, with its tag, its permission as it was" in told
    assert "2 requests wrote 16 contacts, 0 of them among these 6. Back on the list: 0." in told
    assert "34 contacts waiting, the oldest for 3 h 10 min" in told
    assert "One more run was tried meanwhile; Constant Contact had 0 requests." in told
    assert "Arrived, by Constant Contact's own side: 30 of 30 new mobiles, 4 of 4 new contacts." in told
    assert "Put back: 0. Written at all: 0." in told
    assert "was ended by signal 9, while Constant Contact was at work on its import" in told
    assert "5 of 5 new mobiles, 3 of 3 new contacts. Its history since then: 1 import of 8 contacts" in told
    assert "0 of them sent twice. It has 3 contacts more than before." in told


def test_a_story_in_which_somebody_comes_back_does_not_end_well(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def wait_and_rejoin(stage: Stage) -> object:
        off = stage.account.look().off(())
        email = next(address for address, reason in sorted(off.items()) if reason == "unsubscribed")
        stage.door.contact(action="change", email=email, permission="implicit")
        stage.door.contact(action="join_list", email=email, list_id=stage.simulator.list_id)
        return WAIT(stage)

    monkeypatch.setattr(nightmares, "wait", wait_and_rejoin)
    assert not story._tell_chapters(stage)
    told = " ".join(capsys.readouterr().out.split())
    assert "is on the list although kept off NO, 1 differences" in told
    assert "who had unsubscribed 14 1" in told


def test_the_script_puts_back_everybody_who_was_off_and_the_reconciler_nobody(played: tuple[Stage, Hour]) -> None:
    stage, hour = played
    stage.run()
    done = beside.run_usual_script(stage, hour.everybody_off)

    assert done.put_back == hour.everybody_off
    assert set(done.put_back.values()) == {"deleted", "left the list", "unsubscribed"}
    assert done.calls > CONTACTS * 0.8
    assert beside.who_is_back(hour.everybody_off, stage.account) == {}


def test_somebody_put_back_is_told(played: tuple[Stage, Hour]) -> None:
    stage, hour = played
    stage.run()
    stage.door.contact(action="join_list", email=hour.left[0], list_id=stage.simulator.list_id)

    left = nightmares.tell_of_leaving(stage, hour)
    assert not left.is_well
    assert "Back on the list: 1." in left.told
    assert beside.who_is_back(hour.everybody_off, stage.account) == {hour.left[0]: "left the list"}
    assert not story._agreement(stage, hour).is_whole


def test_somebody_written_to_after_leaving_is_told(played: tuple[Stage, Hour]) -> None:
    stage, hour = played
    body = {"import_data": [{"email": hour.left[0]}], "list_ids": [stage.simulator.list_id]}
    api = beside._api(stage.simulator)
    api.post("/activities/contacts_json_import", body)
    stage.door.contact(action="leave_list", email=hour.left[0], list_id=stage.simulator.list_id)

    left = nightmares.tell_of_leaving(stage, hour)
    assert not left.is_well
    assert "1 request wrote 1 contact, 1 of them among these 6. Back on the list: 0." in left.told


def test_who_did_not_arrive_is_told(played: tuple[Stage, Hour]) -> None:
    stage, _ = played
    expiry = nightmares.let_token_end(stage)

    arrived = nightmares.tell_of_arrivals(stage, expiry)
    assert not arrived.is_well
    assert arrived.told.endswith("0 of 30 new mobiles, 0 of 4 new contacts.")


def test_a_run_that_was_not_killed_in_the_middle_of_an_import_is_told(
    played: tuple[Stage, Hour], monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, _ = played
    monkeypatch.setattr(killing, "_PROGRAM", "raise SystemExit(1)")
    killed = killing.kill_in_the_middle(stage)
    killing.run_later(stage)

    assert not killing.tell_of_killed(stage, killed).is_well
    told = "ITSELF, with exit code 1, NOT while Constant Contact was at work on its import"
    assert killing.how_it_died(killed) == told


def test_who_is_lost_or_sent_twice_after_the_kill_is_told(played: tuple[Stage, Hour]) -> None:
    stage, _ = played
    stage.run()
    killed = killing.kill_in_the_middle(stage)
    lost = killing.tell_of_killed(stage, killed)
    assert not lost.is_well
    assert "0 of 5 new mobiles, 0 of 3 new contacts" in lost.told

    killing.run_later(stage)
    assert killing.tell_of_killed(stage, killed).is_well
    body = {"import_data": [{"email": killed.added[0]}], "list_ids": [stage.simulator.list_id]}
    beside._api(stage.simulator).post("/activities/contacts_json_import", body)
    twice = killing.tell_of_killed(stage, killed)
    assert not twice.is_well
    assert "2 imports of 9 contacts, 1 of them sent twice." in twice.told


def test_a_contact_that_is_not_the_same_any_more_is_told(played: tuple[Stage, Hour]) -> None:
    stage, hour = played
    told, is_kept = scenes.tell_of_moved(stage, hour)
    assert not is_kept
    assert "NOT the same contact has the new one" in told


def test_the_table_counts_by_reason() -> None:
    theirs = beside.Pass(1_200, {"a": "deleted", "b": "unsubscribed", "c": "unsubscribed"})
    lines = [line.split("  ") for line in beside.table(theirs, beside.Pass(6, {})).splitlines()]
    assert [[cell.strip() for cell in line if cell.strip()] for line in lines][1:] == [
        ["calls", "1,200", "6"],
        ["days of quota, at 10,000 calls a day", "0.12", "0.0006"],
        ["minutes, at 4 calls a second", "5.0", "0.025"],
        ["people put back on the list", "3", "0"],
        ["who had been deleted", "1", "0"],
        ["who had unsubscribed", "2", "0"],
    ]
