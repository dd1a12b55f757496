"""The durable boundaries of a run: before and after each transaction that writes, and each request.

Nobody listens in life. Tests do: they stop the program at every one of these points.
"""

from __future__ import annotations

from collections.abc import Callable

#: Told the name of each point as it is reached, such as `before batch_intend` or `after bulkImportContactsJSON`.
Reached = Callable[[str], None]


def nobody(point: str) -> None:
    """Listen to no point."""
