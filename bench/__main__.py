"""Measure everything, print it, and write docs/explanation/performance.md; fails where a bound is missed by a fifth.

uv run python -m bench            10,000 and 100,000 contacts
uv run python -m bench --whole    1,000,000 as well
uv run python -m bench --quick    the counts that must not grow, and nothing else
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Final

from bench import counts, document, stages, whole
from bench.peers import running
from bench.ratios import Ratio, missed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.peers.running import Peer
    from bench.whole import Whole

_PEERS_AT: Final = 100_000
#: One call for each contact: a thousand say what the others would take.
_SCRIPT_AT: Final = 1_000


def main() -> int:
    """Measure what is asked for; 1 where a bound is missed."""
    asked = _asked()
    if asked.quick:
        return counts.main()
    sizes = asked.sizes or [10_000, 100_000, *([1_000_000] if asked.whole else [])]
    found = document.Found()
    for size in sizes:
        _say(f"whole runs of {size:,} contacts")
        found.wholes += whole.measure(size)
    _say("peers")
    at = min(_PEERS_AT, max(sizes))
    found.peers = _peers(at)
    _say(f"stages at {max(sizes):,} contacts")
    found.stages = stages.measure(max(sizes), rounds=1 if asked.whole else 3)
    found.ratios = [*whole.ratios(found.wholes), *_beside(found.wholes, found.peers), *stages.ratios(found.stages)]
    for ratio in found.ratios:
        print(ratio)
    if not asked.dry:
        document.write(found)
    return 1 if missed(found.ratios) else 0


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="only the counts that must not grow")
    parser.add_argument("--whole", action="store_true", help="1,000,000 contacts as well")
    parser.add_argument("--sizes", type=int, nargs="*", help="other sizes than those of the page")
    parser.add_argument("--dry", action="store_true", help="write no page")
    return parser.parse_args()


def _peers(contacts: int) -> list[Peer]:
    if not running.is_there():
        _say("there is no .bench/ with the peers: `make bench` makes it")
        return []
    names = [name for name in running.SCRIPTS if name != "usual script"]
    return [*(running.load(name, contacts) for name in names), running.load("usual script", min(_SCRIPT_AT, contacts))]


def _beside(wholes: Sequence[Whole], peers: Sequence[Peer]) -> list[Ratio]:
    """How much faster the first run is than what compares nothing and reads nothing back."""
    ours = {each.contacts: each.ran.seconds for each in wholes if each.what == whole.FIRST}
    bounds = {"dlt": 1, "singer-sdk": 2}
    return [
        Ratio(
            f"{peer.name} / first run, {peer.contacts:,} contacts",
            bounds[peer.name],
            peer.ran.seconds / ours[peer.contacts],
        )
        for peer in peers
        if peer.name in bounds and peer.contacts in ours
    ]


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
