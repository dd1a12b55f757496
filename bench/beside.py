"""The first run beside what else there is: others' packages, and the way of most scripts."""

from __future__ import annotations

import statistics
import sys
from typing import TYPE_CHECKING, Final

from bench import whole
from bench.parts import Part, table
from bench.peers import running
from bench.ratios import Ratio

if TYPE_CHECKING:
    from bench.ground import Ran

_OURS: Final = "the reconciler"
_USUAL: Final = "usual script"
#: One call for each contact: a thousand say what the others would take.
_USUAL_AT: Final = 1_000
#: How many times faster the first run is to be than what compares nothing and reads nothing back.
_BOUNDS: Final = {"dlt": 1, "singer-sdk": 2}
_TEXT: Final = """\
## Beside what else there is

The contacts of a CRM onto an empty list, medians of {rounds}. As they are run here none of the others compares both
sides or reads back what it wrote; the usual script pulls the list first, and brings 1,000.

"""


def part(contacts: int, rounds: int) -> Part:
    """Run each so often, in turns."""
    if not running.is_there():
        sys.exit("there is no .bench/ with the peers: `make bench` makes it")
    rans: dict[tuple[str, int], list[Ran]] = {}
    for _ in range(rounds):
        rans.setdefault((_OURS, contacts), []).append(whole.first(contacts))
        for name in running.SCRIPTS:
            at = min(_USUAL_AT, contacts) if name == _USUAL else contacts
            rans.setdefault((name, at), []).append(running.load(name, at).ran)
    seconds = {key: statistics.median(ran.seconds for ran in found) for key, found in rans.items()}
    rows = [
        (name, f"{at:,}", f"{seconds[name, at]:.1f}", f"{max(ran.peak_mb for ran in found):.0f}", f"{found[0].calls:,}")
        for (name, at), found in rans.items()
    ]
    words = "\n".join(_words(script) for script in running.SCRIPTS.values())
    text = f"{_TEXT.format(rounds=rounds)}{table(('package', 'contacts', 'seconds', 'MB', 'calls'), rows)}\n{words}\n"
    ratios = tuple(
        Ratio(f"{name} / first run, {contacts:,} contacts", bound, seconds[name, contacts] / seconds[_OURS, contacts])
        for name, bound in _BOUNDS.items()
    )
    return Part(text, ratios, tuple((name, at, found) for (name, at), found in seconds.items()))


def _words(script: str) -> str:
    """What a peer's script says of it: the paragraphs before its imports, as one item of a list."""
    text = (running.HERE / script).read_text().split('"""')[1].strip()
    paragraphs = [" ".join(each.split()) for each in f"{text} (`bench/peers/{script}`)".split("\n\n")]
    return "- " + "\n\n  ".join(paragraphs)
