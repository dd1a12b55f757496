"""Log lines: a sentence and its fields, on standard error. What is bound for a run is in each of its lines.

Modules log by the standard library, with `extra` for the fields. What makes the lines is loaded with the first one: a
tick with nothing to tell needs none of it.
"""

from __future__ import annotations

import contextlib
import logging
import sys
from contextvars import ContextVar
from copy import copy
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TextIO

from reconciler.redaction import first_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_OURS: Final = "reconciler"
_QUEUE: Final = "procrastinate"
#: What others log, from which level on: their lines repeat addresses and bodies, and tell little that ours don't.
_OTHERS: Final = {
    "httpx": logging.WARNING,
    "httpcore": logging.WARNING,
    "urllib3": logging.ERROR,
    "sqlalchemy": logging.WARNING,
    "psycopg": logging.ERROR,
    # A tick that takes longer than the interval is nothing to warn of.
    "apscheduler": logging.ERROR,
    # It tells of each task; ours tell of each run.
    _QUEUE: logging.WARNING,
    # Its lines name the places where people are told, with their secrets.
    "apprise": logging.CRITICAL,
}
_nothing: Final[Mapping[str, object]] = MappingProxyType({})
_bound: Final[ContextVar[Mapping[str, object]]] = ContextVar("bound", default=_nothing)


@contextlib.contextmanager
def bound(**fields: object) -> Iterator[None]:
    """Have these fields in each line that is logged within the block, in this thread."""
    token = _bound.set({**_bound.get(), **fields})
    try:
        yield
    finally:
        _bound.reset(token)


def fields() -> Mapping[str, object]:
    """What is bound here and now."""
    return _bound.get()


def start(level: str, kind: str, *, is_service: bool) -> Callable[[], None]:
    """Write log lines from a level on, as `json`, `console` or `auto`; gives what ends it.

    At a terminal a command that ends by itself leaves out `info`: what it prints there says the same.
    """
    is_terminal = sys.stderr is not None and sys.stderr.isatty()
    is_said_twice = level == "info" and is_terminal and not is_service
    is_json = kind == "json" or (kind == "auto" and not is_terminal)
    root, ours, lines = logging.getLogger(), logging.getLogger(_OURS), _Lines(is_json=is_json)
    before = {name: logging.getLogger(name).level for name in (*_OTHERS, _OURS)}
    root.addHandler(lines)
    for name, least in _OTHERS.items():
        logging.getLogger(name).setLevel(least)
    ours.setLevel("WARNING" if is_said_twice else level.upper())

    def end() -> None:
        root.removeHandler(lines)
        for name, was in before.items():
            logging.getLogger(name).setLevel(was)

    return end


class _Lines(logging.StreamHandler[TextIO]):
    """Writes to the standard error of the moment, in a form that is made with the first line."""

    def __init__(self, *, is_json: bool) -> None:
        logging.Handler.__init__(self)  # a stream that is kept would be the one of the start
        self._is_json = is_json

    @property
    def stream(self) -> TextIO:  # type: ignore[override]  # as the standard library's own last resort has it
        return sys.stderr

    def format(self, record: logging.LogRecord) -> str:
        if self.formatter is None:
            from reconciler.log_lines import formatter  # noqa: PLC0415 - with the first line, not before

            self.formatter = formatter(fields, is_json=self._is_json, has_colours=sys.stderr.isatty())
        return super().format(_in_a_line(record))

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the standard library's name
        """Say nothing: a line that can't be written stops no run, and what the library prints has its values."""


def _in_a_line(record: logging.LogRecord) -> logging.LogRecord:
    """The queue tells of a lost database with a traceback, and what was wrong with it nowhere else."""
    error = record.exc_info[1] if record.exc_info else None
    if error is None or record.name.partition(".")[0] != _QUEUE:
        return record
    told = copy(record)
    told.msg = f"{' '.join(record.getMessage().split())}: {first_line(error.__cause__ or error)}"
    told.args = told.exc_info = told.exc_text = None
    return told
