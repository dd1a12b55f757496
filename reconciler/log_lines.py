"""How a log line looks: JSON for machines, columns for people; and nobody's address or token in it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import structlog
from structlog.stdlib import ExtraAdder, ProcessorFormatter, add_log_level, add_logger_name

from reconciler.redaction import loggable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from structlog.typing import EventDict, Processor

#: Fields of structlog's own, which go as they are.
_OWN: Final = ("_record", "_from_structlog")

#: What another handler may have left in the record: the sentence once more.
_TWICE: Final = ("message", "asctime")


def formatter(bound: Callable[[], Mapping[str, object]], *, is_json: bool, has_colours: bool) -> ProcessorFormatter:
    """Makes a line of each record, whoever logged it; `bound` says what else is in it."""
    return ProcessorFormatter(
        foreign_pre_chain=_fields(bound),
        processors=[
            ProcessorFormatter.remove_processors_meta,
            _as_json() if is_json else _for_people(has_colours=has_colours),
        ],
    )


def _fields(bound: Callable[[], Mapping[str, object]]) -> Sequence[Processor]:
    def add_bound(_logger: Any, _method: str, event: EventDict) -> EventDict:
        return {**bound(), **event}

    return (
        add_log_level,
        add_logger_name,
        ExtraAdder(),
        add_bound,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        # As text, which is veiled like any other; and without the values of variables.
        structlog.processors.format_exc_info,
        _veil,
    )


def _veil(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """The last line of defence: whoever logs is careful, and a library of others may not be."""
    return {name: value if name in _OWN else _cleaned(value) for name, value in event.items() if name not in _TWICE}


def _cleaned(value: object) -> object:
    match value:
        case bool() | int() | float() | None:
            return value
        case dict():
            return {loggable(str(name)): _cleaned(item) for name, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_cleaned(item) for item in value]
        case _:
            return loggable(str(value))


def _as_json() -> Processor:
    return structlog.processors.JSONRenderer(serializer=json.dumps, ensure_ascii=False)


def _for_people(*, has_colours: bool) -> Processor:
    return structlog.dev.ConsoleRenderer(
        colors=has_colours, exception_formatter=structlog.dev.plain_traceback, pad_event_to=0
    )
