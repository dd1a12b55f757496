"""Where a database is: which server, which database, and whether it is still the one that it was."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Of these "" and 0 say nothing.
_MAY_BE_UNKNOWN: Final = ("system_identifier", "port")


@dataclass(frozen=True, slots=True)
class Origin:
    """One database of one PostgreSQL server: how it is configured, and who it says it is.

    `system_identifier` is "" and `timeline` 0 where the user may not ask the server for them.
    """

    host: str
    port: int
    database: str
    system_identifier: str
    timeline: int

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Origin:
        return cls(**stored)

    def to_json(self) -> dict[str, object]:
        return asdict(self)


#: What makes it another database, in words; a newer timeline is the same one after a failover.
_PLACE: Final[Mapping[str, str]] = {
    "host": "host",
    "port": "port",
    "database": "database",
    "system_identifier": "system identifier",
}


def differences(before: Origin, now: Origin) -> str:
    """In what it is another database than before, in words; empty where it is the same.

    What one of both does not tell is no difference.
    """
    told = []
    for name, words in _PLACE.items():
        was, is_now = getattr(before, name), getattr(now, name)
        is_known = name not in _MAY_BE_UNKNOWN or (was and is_now)
        if was != is_now and is_known:
            told.append(f"{words} {is_now or 'unnamed'}, before {was or 'unnamed'}")
    return "; ".join(told)


def with_known(before: Origin | None, now: Origin) -> Origin:
    """Where it is now, with what was known of the server before where it is not told now."""
    if before is None or now.system_identifier:
        return now
    return replace(now, system_identifier=before.system_identifier, timeline=before.timeline)


def has_other_timeline(before: Origin, now: Origin) -> bool:
    """Whether the server was promoted or restored since: what was committed last may be another history."""
    return 0 not in (before.timeline, now.timeline) and before.timeline != now.timeline
