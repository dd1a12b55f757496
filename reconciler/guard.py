"""Limits -> go or hold. Pure."""

from __future__ import annotations

from typing import Final

#: So many contacts read once more by id say something about the source; fewer say something about themselves.
LEAST: Final = 20


def is_believable(read: int, last: int, approved: int | None = None) -> bool:
    """Whether a source with so many contacts is taken at its word, after it had so many the last time.

    No contacts, or less than half, is never believed: a view that broke and a table that is being loaded look the
    same as everybody having left. Unless somebody has said that `approved` contacts are right.
    """
    expected = last if approved is None else min(last, approved)
    return read * 2 >= expected
