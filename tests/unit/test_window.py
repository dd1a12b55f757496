"""From where on the CRM is read, decided on values alone."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.origin import Origin, differences
from reconciler.window import Mode, Position, Times, Versions, Watermark, Window, broken, window

NOON = dt.datetime(2026, 5, 31, 12, tzinfo=dt.UTC)
DAY = 86_400.0
HERE = Origin("db.example.com", 5432, "crm", "7000", 1)
MARK = Watermark(NOON, 1000, HERE, NOON)


def a_position(**changed: Any) -> Position:
    position = Position(HERE, NOON + dt.timedelta(minutes=5), 1100, 1110)
    return dataclasses.replace(position, **changed)


def after(here: Position, *, seconds: float = 300) -> str | None:
    return broken(MARK, here, NOON + dt.timedelta(seconds=seconds), DAY)


def chosen(mode: Mode, reason: str | None = None, break_: str | None = None, mark: Watermark | None = MARK) -> Window:
    return window(mode, mark, overlap_seconds=600, reason=reason, broken=break_)


class TestWhatIsRead:
    def test_row_versions_begin_with_the_oldest_transaction_of_the_last_snapshot(self) -> None:
        assert chosen(Mode.XMIN).since == Versions(1000)

    def test_times_begin_before_the_last_snapshot_and_what_lies_between_was_late(self) -> None:
        found = chosen(Mode.OVERLAP)

        assert found.since == Times(NOON - dt.timedelta(minutes=10))
        assert found.on_time == Times(NOON)

    @pytest.mark.parametrize("mode", Mode)
    def test_the_first_reading_reads_everything_and_nothing_was_missed_before(self, mode: Mode) -> None:
        assert (chosen(mode, mark=None).since, chosen(mode, mark=None).on_time) == (None, None)

    def test_the_whole_window_reads_everything_and_is_no_sweep(self) -> None:
        assert (chosen(Mode.WHOLE).since, chosen(Mode.WHOLE).reason) == (None, None)

    def test_a_sweep_reads_everything_and_knows_what_the_window_would_have_read(self) -> None:
        found = chosen(Mode.XMIN, "daily_sweep")

        assert (found.since, found.on_time, found.reason) == (None, Versions(1000), "daily_sweep")

    @pytest.mark.parametrize("reason", ["first_run", "mapping_changed", "source_changed"])
    def test_what_means_something_else_now_was_not_missed_before(self, reason: str) -> None:
        assert chosen(Mode.OVERLAP, reason).on_time is None

    def test_a_broken_watermark_is_a_better_reason_than_the_time_of_the_day(self) -> None:
        assert chosen(Mode.XMIN, "daily_sweep", "gap").reason == "gap"
        assert chosen(Mode.XMIN, "forced", "gap").reason == "forced"
        assert chosen(Mode.XMIN, "forced", "gap").broken == "gap"


class TestWhetherItCanBeGoneOnFrom:
    def test_a_few_minutes_later_it_can(self) -> None:
        assert after(a_position()) is None

    def test_without_one_there_is_nothing_to_break(self) -> None:
        assert broken(None, a_position(), NOON, DAY) is None

    def test_another_timeline_is_another_history(self) -> None:
        assert after(a_position(origin=dataclasses.replace(HERE, timeline=2))) == "source_changed"

    def test_a_timeline_that_may_not_be_asked_for_says_nothing(self) -> None:
        assert after(a_position(origin=dataclasses.replace(HERE, timeline=0))) is None

    def test_a_watermark_that_lies_ahead_of_the_server_is_of_another_history(self) -> None:
        assert after(a_position(xmin=990, xmax=999)) == "source_changed"
        assert after(a_position(now=NOON - dt.timedelta(seconds=1))) == "source_changed"

    def test_an_idle_server_is_not_ahead_nor_behind(self) -> None:
        assert after(a_position(xmin=1000, xmax=1000, now=NOON)) is None

    def test_two_to_the_31_transactions_are_too_many_to_compare(self) -> None:
        assert after(a_position(xmax=1000 + 2**31)) == "gap"
        assert after(a_position(xmax=1000 + 2**31 - 2 * 10**6)) is None

    def test_over_a_day_without_a_reading_is_a_gap(self) -> None:
        assert after(a_position(), seconds=DAY + 1) == "gap"
        assert after(a_position(), seconds=DAY) is None


@given(st.integers(min_value=3, max_value=2**63 - 1))
def test_a_version_is_asked_for_by_the_bits_that_an_xid_has(xid: int) -> None:
    low = int(Versions(xid).low)

    assert 0 <= low < 2**32
    assert (xid - low) % 2**32 == 0


class TestPlaces:
    @pytest.mark.parametrize(
        ("changed", "words"),
        [
            ({"host": "copy.example.com"}, "host copy.example.com, before db.example.com"),
            ({"port": 5433}, "port 5433, before 5432"),
            ({"database": "staging"}, "database staging, before crm"),
            ({"system_identifier": "8000"}, "system identifier 8000, before 7000"),
        ],
    )
    def test_another_place_is_told_with_both_names(self, changed: dict[str, Any], words: str) -> None:
        assert differences(HERE, dataclasses.replace(HERE, **changed)) == words

    def test_a_failover_is_the_same_place(self) -> None:
        assert differences(HERE, dataclasses.replace(HERE, timeline=2)) == ""

    def test_a_system_identifier_that_is_not_told_is_no_difference(self) -> None:
        silent = dataclasses.replace(HERE, system_identifier="", timeline=0)

        assert differences(HERE, silent) == differences(silent, HERE) == ""

    def test_a_place_comes_back_from_the_ledger_as_it_was(self) -> None:
        assert Origin.of(HERE.to_json()) == HERE
