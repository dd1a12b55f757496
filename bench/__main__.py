"""Measure, print, and write docs/explanation/performance.md; fails where a bound is missed by more than a fifth.

uv run python -m bench                 all parts at 100,000 contacts
uv run python -m bench --whole         at 1,000,000 as well, and the whole day: takes hours
uv run python -m bench peers stages    these parts; the page keeps the others as they were measured last
uv run python -m bench --quick         the counts that must not grow, and nothing else
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Final

from bench import beside, counts, day, document, idle, paced, parts, stages, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bench.parts import Part

_MANY: Final = 100_000
_ALL: Final = 1_000_000
_FEW_TICKS: Final = 12


def _sizes(asked: argparse.Namespace) -> Sequence[int]:
    return [10_000, _MANY, *([_ALL] if asked.whole else [])]


#: In the order of the page.
_PARTS: Final[Mapping[str, Callable[[argparse.Namespace], Part]]] = {
    "calls": lambda _: counts.part(_MANY),
    "day": lambda asked: day.part(max(_sizes(asked)), asked.ticks or (day.TICKS if asked.whole else _FEW_TICKS)),
    "whole": lambda asked: whole.part(_sizes(asked)),
    "pace": lambda _: paced.part(_MANY),
    "peers": lambda asked: beside.part(_MANY, asked.rounds),
    "stages": lambda asked: stages.part(max(_sizes(asked)), asked.rounds),
    "idle": lambda _: idle.part(),
}


def main() -> int:
    """Measure what is asked for; 1 where a bound is missed."""
    asked = _asked()
    if asked.quick:
        return counts.main()
    known = parts.load()
    for name, measure in _PARTS.items():
        if name in (asked.parts or _PARTS):
            print(f"measuring: {name}", file=sys.stderr, flush=True)
            known[name] = measure(asked)
            print("\n".join(map(str, known[name].ratios)), flush=True)
            if not asked.dry:
                parts.save(known)
    in_order = {name: known[name] for name in _PARTS if name in known}
    if not asked.dry:
        document.write(in_order)
    return 1 if any(ratio.is_missed for part in in_order.values() for ratio in part.ratios) else 0


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    # None of them is a choice too: argparse looks for the empty list among the others.
    parser.add_argument("parts", nargs="*", choices=[[], *_PARTS], help="all of them without")
    parser.add_argument("--quick", action="store_true", help="only the counts that must not grow")
    parser.add_argument("--whole", action="store_true", help="1,000,000 contacts as well, and all ticks of a day")
    parser.add_argument("--ticks", type=int, help="of a day; else 12, or all of them with --whole")
    parser.add_argument("--rounds", type=int, default=3, help="of peers and stages; the median counts")
    parser.add_argument("--dry", action="store_true", help="write no page")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
