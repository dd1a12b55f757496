"""A report for eyes: the same words and numbers on a terminal, as JSON and as HTML."""

from __future__ import annotations

import os
import pty
import re
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest
from rich.text import Text

from reconciler import page
from reconciler.domain import Bucket, State
from reconciler.rendering import charts, html, terminal
from tests.reports import COUNTS, EVIL, a_full_report, a_row, rows_of, some_history

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: What reports of earlier versions lack.
_NEW = ("reasons", "mapping")
_NEW_OF_A_PROBLEM = ("new", "retry", "next_retry")


def filed(*, unmasked: bool = False, runs: int = 3, first_name: str = "Jon", **changed: Any) -> str:
    """The HTML file of a report."""
    report = a_full_report(**changed)
    told = html.Filed(report.to_json(), rows_of(report, first_name=first_name), some_history(report, runs))
    return "".join(html.document(told, unmasked=unmasked))


def as_before(found: dict[str, Any]) -> dict[str, Any]:
    """A report as an earlier version wrote it."""
    old = {key: value for key, value in found.items() if key not in _NEW}
    old["api"] = {key: value for key, value in found["api"].items() if key != "activities"}
    old["problems"] = [
        {key: value for key, value in problem.items() if key not in _NEW_OF_A_PROBLEM} for problem in found["problems"]
    ]
    return old


def numbers(found: Any, key: str = "") -> Iterator[tuple[str, int]]:
    """Every number of a report's JSON by its key, but for what is no count."""
    match found:
        case bool() | float():
            return
        case int():
            yield key, found
        case dict():
            for name, value in found.items():
                yield from numbers(value, f"{key}.{name}".lstrip("."))
        case list():
            for place, value in enumerate(found):
                yield from numbers(value, f"{key}.{place}")


def shown(text: str) -> dict[str, set[str]]:
    """The numbers that an HTML file shows, by the key that it gives them."""
    told: dict[str, set[str]] = {}
    for key, number in re.findall(r'data-number="([^"]*)">([^<]*)<', text):
        told.setdefault(key, set()).add(number)
    return told


class TestNumbers:
    def test_text_json_and_html_show_the_same_numbers(self) -> None:
        report = a_full_report()
        found = dict(numbers(report.to_json()))
        text, told = page.report(report.to_json()), shown(filed())

        counted = {key: number for key, number in found.items() if key in told}
        assert {key: {f"{number:,}"} for key, number in counted.items()} == told
        parts = ("counts.", "members.", "standing.", "api.calls", "api.left_today", "problems.0.count")
        assert [key for key in found if key.startswith(parts) and key not in told] == []
        in_words = [number for key, number in counted.items() if key.startswith(parts)]
        assert [number for number in in_words if f"{number:,}" not in text] == []

    def test_what_is_behind_each_bucket_is_shown_with_its_number_and_who_acts(self) -> None:
        text = " ".join(filed().split())

        for cause in a_full_report().to_json()["reasons"]:
            who = cause["who"] if cause["code"] else ""
            line = rf'>{cause["count"]}</a></td> <td>[^<]*</td> <td class="who"[^>]*>{who}<'
            assert re.search(line, text), cause

    def test_the_first_sentence_is_that_of_the_page(self) -> None:
        headline, lead = re.findall(r"<h1>(.*?)</h1>|<p class=\"lead\">(.*?)</p>", filed())

        assert f"{headline[0]} {lead[1]}" == page.sentence(a_full_report().to_json())

    def test_a_sum_that_does_not_meet_is_red_and_says_so(self) -> None:
        broken = filed(read=1)

        assert 'class="sum broken"' not in filed()
        assert broken.count("DOES NOT MEET") == broken.count('class="sum broken"') == 1


class TestEarlierReports:
    def test_a_report_of_an_earlier_version_is_shown_too(self) -> None:
        report = a_full_report()
        old = as_before(report.to_json())

        told = "".join(html.document(html.Filed(old, rows_of(report), [old, report.to_json()]), unmasked=False))

        assert shown(told)["counts.added"] == {"1,203"}
        assert "Left this list" in told
        assert page.report(old).startswith(page.sentence(report.to_json()))
        assert "Origin    cli by ops, version 0.1.0; the list Newsletter" in page.report(old)

    @pytest.mark.parametrize("state", State)
    def test_every_way_to_end_is_shown_also_where_nothing_was_reached(self, state: State) -> None:
        found = a_full_report(state=state, window=None, members=None, seconds={}, calls={}, counts={}).to_json()

        assert page.headline(found) in "".join(html.document(html.Filed(found, (), ()), unmasked=False))


class TestSafety:
    def test_no_value_is_taken_for_markup(self) -> None:
        told = filed(unmasked=True, first_name=EVIL, list_name=EVIL, account=EVIL, message=EVIL, connection=EVIL)

        assert "<script" not in told
        assert EVIL in unescape(told)

    def test_the_file_asks_for_nothing_and_runs_nothing(self) -> None:
        told = filed()

        assert "default-src 'none'" in told
        assert re.findall(r"(?:src|href|action)=\"(?!#|data:,)[^\"]*\"", told) == []
        assert not re.search(r"\s(?:style|on\w+)=|url\(|@import|<(?:script|img|iframe|object|embed)", told)

    def test_addresses_and_values_are_masked_unless_asked_otherwise(self) -> None:
        secret = ("add7@example.com", "unsubscribed-001@example.com", "Jon", "Somewhere")

        masked, full = filed(), filed(unmasked=True)

        assert [word for word in secret if word in masked] == []
        assert [word for word in secret if word not in full] == []
        assert 'first_name: "Jon" <i>-&gt;</i> "John"' in full

    def test_a_message_that_quotes_a_value_is_masked_with_it(self) -> None:
        refused = {"action": "update", "before": "Jon", "after": "John", "outcome": "verified", "kind": "changed"}
        rows = [
            a_row(
                contact_id="c1",
                email="c1@example.com",
                field="first_name",
                code="field_refused",
                in_all=1,
                message="not taken; what is there: Jonathan",
                **refused,
            ),
            a_row(
                contact_id="c1",
                email="c1@example.com",
                field="city",
                code="shown_differently",
                in_all=1,
                message="shown as Jonathan",
                **refused,
            ),
        ]
        found = a_full_report().to_json()

        masked, full = (
            "".join(html.document(html.Filed(found, rows, ()), unmasked=unmasked)) for unmasked in (False, True)
        )

        assert "Jonathan" not in masked
        assert full.count("Jonathan") == 2


class TestRows:
    def test_each_number_of_the_run_leads_to_its_contacts(self) -> None:
        told = filed()

        links, places = set(re.findall(r'href="#([^"]+)"', told)), set(re.findall(r'id="([^"]+)"', told))
        assert links <= places
        assert {f"rows-{bucket.value}" for bucket in COUNTS if bucket is not Bucket.UNCHANGED} <= links

    def test_those_who_are_not_in_the_file_are_counted_and_it_says_how_to_get_them(self) -> None:
        report = a_full_report(counts={**COUNTS, Bucket.UPDATED: 5})
        rows = [row for row in rows_of(report) if row.action == "update"]
        more = a_full_report(counts={**COUNTS, Bucket.UPDATED: 1_005, Bucket.INVALID: 14}).to_json()
        invalid = next(row for row in rows_of(report) if row.code == "invalid")
        alone = a_row(**invalid._asdict() | {"in_all": 1})

        told = "".join(html.document(html.Filed(more, [*rows, alone], ()), unmasked=False))

        assert "And 1,000 more: <code>reconciler report 812 --csv FILE</code>" in told
        assert "And 13 more, who stand as an earlier run has decided them" in told

    def test_a_run_whose_rows_were_deleted_says_so(self) -> None:
        report = a_full_report()
        told = html.document(html.Filed(report.to_json(), (), (), report.finished_at), unmasked=False)

        assert "The rows of this run were deleted on 2024-05-31; the numbers stay." in "".join(told)


class TestCharts:
    def test_each_has_a_title_and_says_in_words_what_it_shows(self) -> None:
        told = filed(runs=50)

        assert re.findall(r'<title id="(\w+)-title">', told) == ["changes", "freshness", "calls", "stages"]
        assert len(re.findall(r'<desc id="\w+-desc">50 runs, left to right from run 763 .*?Last: Run 812', told)) == 4
        assert "Run 812, 2024-05-31 12:00 UTC: 1,203 added, 797 updated" in told

    def test_bars_are_as_high_as_their_numbers(self) -> None:
        [changes, *_] = charts.charts(some_history(a_full_report(), 2))
        last = changes.bars[-1]

        assert changes.axis[0] == "2,000"
        assert [part.height for part in last.parts] == [60.15, 39.85]
        assert last.parts[-1].y == pytest.approx(0)

    def test_a_run_that_only_looked_on_added_nobody(self) -> None:
        [changes, *_] = charts.charts([a_full_report(state=State.OBSERVED).to_json()])

        assert changes.bars[0].parts == []

    @pytest.mark.parametrize(("seconds", "unit"), [(0, "seconds"), (600, "minutes"), (90_000, "hours")])
    def test_freshness_has_the_unit_in_which_it_is_read_best(self, seconds: float, unit: str) -> None:
        freshness = charts.charts([a_full_report(oldest_seconds=seconds).to_json()])[1]

        assert freshness.title.endswith(unit)

    def test_no_run_is_no_chart(self) -> None:
        assert charts.charts([]) == []


class TestTerminal:
    @pytest.mark.parametrize(
        "changed", [{}, {"read": 1, "state": State.HELD}, {"message": "[red]no markup[/red] :smile:"}]
    )
    def test_colours_leave_every_word_where_it_was(
        self, monkeypatch: pytest.MonkeyPatch, changed: Mapping[str, Any]
    ) -> None:
        text = page.report(a_full_report(**changed).to_json())

        coloured = on_a_terminal(monkeypatch, text, TERM="xterm-256color")

        assert "\x1b[" in coloured
        assert Text.from_ansi(coloured).plain == text

    @pytest.mark.parametrize("forbidden", [{"NO_COLOR": "1", "TERM": "xterm"}, {"TERM": "dumb"}])
    def test_who_forbids_colours_has_none(self, monkeypatch: pytest.MonkeyPatch, forbidden: dict[str, str]) -> None:
        coloured = on_a_terminal(monkeypatch, page.report(a_full_report(read=1).to_json()), **forbidden)

        assert not re.search(r"\x1b\[[\d;]*3\d", coloured)


def on_a_terminal(monkeypatch: pytest.MonkeyPatch, text: str, **environment: str) -> str:
    """A page as it is shown on a real terminal."""
    for name in ("NO_COLOR", "FORCE_COLOR", "COLORTERM", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    near, far = pty.openpty()
    with os.fdopen(near), os.fdopen(far, "w") as stream:
        return terminal.coloured(text, stream)
