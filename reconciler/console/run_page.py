"""What the page of a report shows beside its JSON: the same numbers in words, sums, charts and what leads on. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from reconciler import page
from reconciler.domain import Bucket
from reconciler.problems import CATALOGUE
from reconciler.rendering import html
from reconciler.rendering.charts import charts
from reconciler.rendering.sums import sums

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

#: Stages in words; what they are called in the report is for programs.
_STAGES: Final[Mapping[str, str]] = {
    "extract": "reading the CRM",
    "pull": "reading Constant Contact",
    "diff": "comparing",
    "push": "sending",
    "verify": "checking",
}


def told(
    found: Mapping[str, Any],
    history: Sequence[Mapping[str, Any]],
    purged_at: dt.datetime | None,
    answers: Sequence[str],
) -> dict[str, Any]:
    """A report for its page; `history` are the reports up to it.

    `answers` are the answers to what it holds that this visitor may give.
    """
    listed = set() if purged_at else _with_rows(found)
    return {
        "headline": page.headline(found),
        "lead": page.looked_at(found),
        "sums": sums(found, listed),
        "buckets": html.buckets(found),
        "listed": listed,
        "read": f"{page.capital(page.window(found))}." if found["window"] else "The CRM was not read.",
        "drift": page.drift(found["drift"]["members"]) if found["drift"]["members"] else "",
        "problems": [_problem(each) for each in found["problems"]],
        "seconds": [(_STAGES.get(stage, stage), seconds) for stage, seconds in found["seconds"].items()],
        "charts": charts(history),
        "asked_by": page.asked_by(found),
        "purged_at": purged_at,
        "answers": answers,
    }


def _with_rows(found: Mapping[str, Any]) -> set[str]:
    """The buckets whose numbers lead to rows: who is already right has none."""
    return {bucket.value for bucket in Bucket if bucket is not Bucket.UNCHANGED and found["counts"][bucket.value]}


def _problem(found: Mapping[str, Any]) -> dict[str, Any]:
    """A problem of a report with what it means."""
    entry = CATALOGUE[found["code"]]
    news = [f"{each}." for each in page.news(found)]
    since = [] if found.get("new") else [f"Since run {found['first_seen_run']}."]
    return {**found, "meaning": page.capital(entry.meaning), "news": [*news, *since]}
