"""Identifiers that look like the provider's and are the same for the same seed."""

from __future__ import annotations

import random
import string
import uuid


class Identifiers:
    """Makes up identifiers; two with the same seed make up the same ones."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)  # noqa: S311 - repeatable on purpose, nothing is protected by it

    def uuid(self) -> str:
        """Make up a UUID of version 1, which all the provider's examples are."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=1))

    def letters(self, letters: str, length: int) -> str:
        """Make up a text of these letters."""
        return "".join(self._random.choices(letters, k=length))

    def token(self, length: int) -> str:
        """Make up an opaque token."""
        return self.letters(string.ascii_letters + string.digits + "-_", length)


def is_uuid(text: str) -> bool:
    """Say whether this is a UUID as the provider writes them."""
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False
