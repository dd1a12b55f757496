from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy.engine.result import result_tuple

from reconciler import page
from reconciler.domain import Bucket, Reason, State
from tests.builders import NOON, a_problem, a_report, a_standing, some_members

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.ledger.database import Row


def a_row(**columns: Any) -> Row:
    """A row as the ledger gives it."""
    return result_tuple(list(columns))(list(columns.values()))


def a_changed_field(email: str = "ann.lee@example.com", contact_id: str = "c1", **changed: Any) -> Row:
    columns = {
        "run_id": 812,
        "contact_id": contact_id,
        "email": email,
        "action": "update",
        "field": "last_name",
        "before": "Maiden",
        "after": "Married",
        "outcome": "verified",
        "code": "",
        "message": "",
    }
    return a_row(**(columns | changed))


def shown(rows: Sequence[Row] = (), *, unmasked: bool = False, **changed: Any) -> str:
    return page.report(a_report(**changed).to_json(), rows, unmasked=unmasked)


def first_line(**changed: Any) -> str:
    return shown(**changed).splitlines()[0]


class TestFirstLine:
    def test_it_is_one_sentence_that_says_it_all(self) -> None:
        counts = {Bucket.UNCHANGED: 5, Bucket.ADDED: 3, Bucket.UPDATED: 2, Bucket.SUPPRESSED: 1, Bucket.INVALID: 1}

        assert first_line(counts=counts, read=11, carried_in=1) == (
            "Run 812 of main - completed. 12 contacts looked at: 5 already right, 3 added, 2 updated, 1 kept off, "
            "1 with an invalid address."
        )

    def test_it_says_who_is_waiting(self) -> None:
        line = first_line(behind=1_200)

        assert line == "Run 812 of main - completed. 1 contact looked at: 1 added. 1,200 contacts waiting."

    def test_it_is_short_where_nothing_was_done(self) -> None:
        line = first_line(counts={}, read=0, state=State.NOTHING_TO_DO)

        assert line == "Run 812 of main - nothing to do. 0 contacts looked at."

    @pytest.mark.parametrize("state", State)
    def test_every_state_has_its_words(self, state: State) -> None:
        assert "_" not in first_line(state=state)

    @pytest.mark.parametrize("bucket", Bucket)
    def test_every_bucket_has_its_words(self, bucket: Bucket) -> None:
        line = first_line(counts={bucket: 1})

        assert ": 1 " in line
        assert "_" not in line

    def test_it_stands_alone(self) -> None:
        assert shown().splitlines()[1] == ""


class TestMasking:
    def test_addresses_and_values_are_masked_unless_asked_otherwise(self) -> None:
        text = shown([a_changed_field()])

        assert "a***@example.com" in text
        assert not any(word in text for word in ("ann.lee", "Maiden", "Married"))

    def test_they_are_shown_where_that_is_asked_for(self) -> None:
        text = shown([a_changed_field()], unmasked=True)

        assert all(word in text for word in ("ann.lee@example.com", "Maiden", "Married"))

    @pytest.mark.parametrize("unmasked", [True, False])
    def test_a_contact_without_a_field_or_values_can_be_shown(self, unmasked: bool) -> None:
        bare = a_changed_field(action="add", field=None, before=None, after=None, outcome="rejected", code="not_taken")
        filled = a_changed_field(contact_id="c2", before=None)

        assert "not_taken" in shown([bare, filled], unmasked=unmasked)


class TestParts:
    def test_sums_that_meet_are_not_pointed_at(self) -> None:
        assert "DOES NOT MEET" not in shown()

    @pytest.mark.parametrize(
        "changed",
        [{"read": 2}, {"members": some_members(after=10)}, {"standing": a_standing(others=5)}],
    )
    def test_a_sum_that_does_not_meet_is_pointed_at(self, changed: dict[str, Any]) -> None:
        assert "DOES NOT MEET" in " ".join(shown(**changed).split())

    def test_the_reasons_of_those_kept_off_are_said_in_words(self) -> None:
        text = shown(counts={Bucket.SUPPRESSED: 3}, read=3, suppressed={Reason.LEFT_LIST: 2, Reason.OPTED_OUT: 1})

        assert "2 left list, 1 opted out" in text

    def test_the_message_of_a_run_that_was_stopped_is_there(self) -> None:
        assert "read me" in shown(state=State.HELD, message="read me")

    def test_a_problem_says_what_it_is_who_acts_and_what_to_do(self) -> None:
        text = " ".join(shown(problems=[a_problem("invalid", count=7)]).split())

        assert "7 invalid the e-mail address can't be used. Who: crm. Correct the address in the CRM." in text

    def test_a_full_run_says_why_it_was_one(self) -> None:
        assert "full (daily_sweep)" in shown(mode="full", reason="daily_sweep")

    def test_a_run_that_read_nothing_has_no_window(self) -> None:
        assert "Window" not in shown(window=None)

    def test_only_the_first_changes_are_listed_and_the_rest_is_counted(self) -> None:
        rows = [a_changed_field(contact_id=f"contact{number:03}") for number in range(100)]

        lines = [line for line in shown(rows).splitlines() if line.startswith("  contact") or " more" in line]

        assert 1 < len(lines) < 100
        assert "more" in lines[-1]

    def test_equal_reports_are_equal_pages(self) -> None:
        assert shown([a_changed_field()]) == shown([a_changed_field()])


class TestRuns:
    def test_a_connection_without_a_run_says_so(self) -> None:
        assert page.runs([]) == "No run yet."

    def test_each_run_is_one_line_that_begins_with_its_time(self) -> None:
        ended = a_row(run_id=812, name="main", started_at=NOON, report=a_report().to_json())
        running = a_row(run_id=813, name="main", started_at=NOON, report=None, state=None)
        dead = a_row(run_id=814, name="main", started_at=NOON, report=None, state="abandoned")

        assert page.runs([dead, running, ended]).splitlines() == [
            "2024-05-31 12:00:00  Run 814 of main - abandoned: it died before its end",
            "2024-05-31 12:00:00  Run 813 of main - running",
            f"2024-05-31 12:00:00  {first_line()}",
        ]
