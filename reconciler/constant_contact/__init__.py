"""Constant Contact's V3 API: the only package that speaks to it."""

import sys

# httpx has a command line of its own, and imports rich and pygments for it where they are there: a fifth of a second in
# each process, for what no run needs. A module that is None can't be imported, and httpx does without.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
