"""Shares of all connections, one for each of several schedulers: by the name alone, so nobody has to keep count."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Final, Self

from reconciler.errors import UsageError

_FORM: Final = re.compile(r"([0-9]{1,4})/([0-9]{1,4})", re.ASCII)
_MOST: Final = 1000


@dataclass(frozen=True, slots=True)
class Shard:
    """Share `number` of `of`: every connection is in exactly one of them, and in the same one on every machine."""

    number: int
    of: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `I/N`. Raises UsageError."""
        found = _FORM.fullmatch(text.strip())
        number, of = (int(found[1]), int(found[2])) if found else (0, 0)
        if not 1 <= number <= of <= _MOST:
            advice = f"write I/N with I from 1 to N and N up to {_MOST}: 3/10 is the third of ten"
            raise UsageError(f"{text!r} is no shard", advice=advice)
        return cls(number, of)

    def has(self, name: str) -> bool:
        """Whether a connection is in this share: the first 8 bytes of the SHA-256 of its name, as one number, modulo N.

        Another N moves most connections to another share; no run is doubled for it, because the lease sees to that.
        """
        fingerprint = hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()
        return int.from_bytes(fingerprint[:8]) % self.of == self.number - 1
