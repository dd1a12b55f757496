"""A report as one HTML file: it asks for nothing, needs no script, and reads well on paper, a phone and in the dark."""

from __future__ import annotations

import base64
import functools
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from reconciler import page
from reconciler.problems import CATALOGUE
from reconciler.rendering.charts import charts
from reconciler.rendering.people import sections
from reconciler.rendering.sums import sums

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping, Sequence

    from jinja2 import Template

    from reconciler.ledger.database import Row
    from reconciler.rendering.people import Section

#: As many contacts as a file lists: of those with changes, and of those without for each reason.
FILED: Final[Mapping[str, int]] = {"changed": 2000, "others": 500}
RUNS_SHOWN: Final = 50
#: Portions in which the file is written.
_PORTION: Final = 200


@dataclass(frozen=True, slots=True)
class Filed:
    """What goes into the file: a report, the rows of its people, and the reports up to it, oldest first."""

    report: Mapping[str, Any]
    rows: Sequence[Row]
    history: Sequence[Mapping[str, Any]]
    #: When the rows of the run were deleted.
    purged_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Bucket:
    """A line of the table of buckets: how many for one reason, who acts, and what there is to do."""

    name: str
    word: str
    count: int
    reason: str
    who: str
    action: str
    #: What the bucket has in all, on its first line.
    in_all: int | None


def document(filed: Filed, *, unmasked: bool) -> Iterator[str]:
    """The file in portions. Every value is escaped; addresses and values are masked unless asked otherwise."""
    found = filed.report
    listed = sections(filed.rows, found["counts"], unmasked=unmasked)
    stream = _template().stream(
        found=found,
        page=page,
        catalogue=CATALOGUE,
        style=_style(),
        style_hash=_hash(_style()),
        sums=sums(found, {section.bucket.value for section in listed}),
        buckets=buckets(found),
        sections=listed,
        leads_to=_leads_to(listed),
        charts=charts(filed.history),
        purged_at=filed.purged_at,
        unmasked=unmasked,
    )
    stream.enable_buffering(_PORTION)
    return stream


def _leads_to(listed: Sequence[Section]) -> Mapping[str, str]:
    """By a problem's code: the bucket in which the first of its contacts is listed."""
    told: dict[str, str] = {}
    for section in listed:
        for person in section.people:
            for code in (person.code, *(change.code for change in person.changes)):
                told.setdefault(code, section.bucket.value)
    return told


def buckets(found: Mapping[str, Any]) -> list[Bucket]:
    """The lines of a report's table of buckets: one for each reason of each; for a bucket without reasons one."""
    told = []
    for name, word in page.words(found).items():
        count = found["counts"][name]
        causes = [cause for cause in _causes(found) if cause["bucket"] == name] or [{"code": None, "count": count}]
        told += [_bucket(name, word, count if place == 0 else None, cause) for place, cause in enumerate(causes)]
    return [bucket for bucket in told if bucket.count]


def _causes(found: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The reasons with their buckets; reports of earlier versions have them for those who are kept off only."""
    old = [{"bucket": "suppressed", "code": code, "count": count} for code, count in found["suppressed"].items()]
    causes: Sequence[Mapping[str, Any]] = found.get("reasons", old)
    return causes


def _bucket(name: str, word: str, in_all: int | None, cause: Mapping[str, Any]) -> Bucket:
    code = cause["code"] or ""
    entry = CATALOGUE.get(code)
    told = (page.capital(entry.meaning), entry.who, page.capital(entry.action)) if entry else ("", "", "")
    return Bucket(name, word, cause["count"], *told, in_all)


@functools.cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("reconciler.rendering"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = lambda value: f"{value:,}"
    environment.filters["capital"] = page.capital
    return environment


def _template() -> Template:
    return _environment().get_template("report.html")


def _style() -> str:
    """The style sheet, without what the file does not need."""
    return _environment().get_template("report.css").render()


def _hash(style: str) -> str:
    """What the file's own policy allows: this style sheet and no other."""
    return base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
