"""An answer as bytes: HTML by a template, or the same as JSON."""

from __future__ import annotations

import datetime as dt
import functools
import json
import re
from typing import TYPE_CHECKING, Any, Final

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from reconciler import __version__, page
from reconciler.console.access import Role

if TYPE_CHECKING:
    from reconciler.console.access import Person
    from reconciler.console.answers import Page

#: A time as sentences have it: to the minute, in UTC; or the time of every day at which the calls begin anew.
_A_TIME: Final = re.compile(r"(?:(\d{4}-\d\d-\d\d) (\d\d:\d\d)|\b00:00) UTC")
_DAILY: Final = "daily"


def html(answer: Page, person: Person | None, form_token: str, once: str, notice: str | None = None) -> str:
    """The page. Every value is escaped; `once` is the number that makes a doubled form one action.

    `notice` stands above every page.
    """
    return (
        _environment()
        .get_template(answer.template)
        .render(
            it=answer.content,
            typed=answer.form,
            title=answer.title,
            person=person,
            form_token=form_token,
            once=once,
            notice=notice,
        )
    )


def as_json(answer: Page) -> str:
    return json.dumps(answer.content, ensure_ascii=False, default=_text)


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, dt.datetime) else str(value)


@functools.cache
def _environment() -> Environment:
    environment = Environment(
        # The charts are those of the report's file.
        loader=ChoiceLoader([PackageLoader("reconciler.console"), PackageLoader("reconciler.rendering")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = lambda value: f"{value:,}"
    environment.filters["capital"] = page.capital
    environment.filters["moment"] = _moment
    environment.filters["pieces"] = _pieces
    environment.globals["Role"] = Role
    environment.globals["version"] = __version__
    return environment


def _moment(value: dt.datetime | str) -> dict[str, Any]:
    """A time for the `time` element: as a script reads it, and as who has no script does."""
    moment = dt.datetime.fromisoformat(value) if isinstance(value, str) else value
    moment = moment.astimezone(dt.UTC)
    return {"at": moment.isoformat(timespec="seconds"), "utc": f"{moment:%Y-%m-%d %H:%M} UTC"}


def _pieces(text: str) -> list[tuple[str, str]]:
    """A text cut at the times in it: each piece, and the time that it is, `daily`, or nothing."""
    told, place = [], 0
    for found in _A_TIME.finditer(text):
        told += [
            (text[place : found.start()], ""),
            (found[0], f"{found[1]}T{found[2]}:00+00:00" if found[1] else _DAILY),
        ]
        place = found.end()
    return [*told, (text[place:], "")]
