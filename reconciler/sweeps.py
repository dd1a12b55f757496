"""How much of an API key's day its connections' full comparisons may take together. Pure."""

from __future__ import annotations

import math
from typing import Final

#: Of a key's calls a day no more than this part goes to full comparisons.
SHARE: Final = 0.5
#: Only where so much less is needed do they come more often again: else a call more or less would change it daily.
_CLEARLY: Final = 0.9


def stretch(calls_a_day: float, per_day: int, before: int = 1) -> int:
    """In one of how many of its periods each connection sweeps, so that all of them together stay within their share.

    `calls_a_day` is what they would take if each swept in every period; `before` is the answer until now.
    """
    shares = calls_a_day / (per_day * SHARE)
    needed = max(1, math.ceil(shares))
    return before if needed < before and shares > (before - 1) * _CLEARLY else needed
