"""What a session's rounds came to, by test: the figures that stand in the guarantees."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tests.faults.rounds import Recovery

#: Under this name a test hands its figures on, also from another process.
PROPERTY: Final = "rounds"
_COLUMNS: Final = (
    "rounds", "lost", "stale", "duplicates", "put_back", "removed", "over_budget", "open_ends", "quiet_writes", "late",
)  # fmt: skip
_WIDE: Final = 44


def of(recoveries: Iterable[Recovery]) -> dict[str, int]:
    """Add up some rounds. `late` are those that took more clean runs than were promised."""
    total = Counter[str]()
    for each in recoveries:
        total.update({**each.wrong.counts, "rounds": 1, "quiet_writes": len(each.quiet_writes), "late": each.is_late})
    return dict(total)


def table(found: Iterable[tuple[str, Mapping[str, int]]]) -> list[str]:
    """One line for each test, whatever its parameters, and one for all of them."""
    by_test: dict[str, Counter[str]] = {}
    for test, figures in found:
        by_test.setdefault(test.partition("[")[0], Counter()).update(figures)
    if not by_test:
        return []
    rows = [*sorted(by_test.items()), ("all", sum(by_test.values(), Counter()))]
    return [_line("", _COLUMNS), *(_line(test, [f"{total[name]:,}" for name in _COLUMNS]) for test, total in rows)]


def _line(test: str, cells: Iterable[str]) -> str:
    # The file and the beginning of the name say which test it is.
    short = test.rpartition("/")[2].replace(".py::test_", " ")[:_WIDE].ljust(_WIDE)
    return short + "".join(cell.rjust(max(len(name), 6) + 1) for cell, name in zip(cells, _COLUMNS, strict=True))
