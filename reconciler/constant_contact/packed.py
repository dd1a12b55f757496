"""A file with many people, kept packed in memory: it is read more than once, and no file of ours has people in it."""

from __future__ import annotations

import io
import zlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: The fastest: a file of contacts becomes a sixth all the same.
_LEVEL: Final = 1
_BUFFER: Final = 1 << 16


class Packed:
    """Bytes that are added in portions, and read as lines as often as one likes."""

    def __init__(self, parts: Iterable[bytes] = ()) -> None:
        self._packer = zlib.compressobj(_LEVEL)
        self._packed: list[bytes] = []
        self._is_open = True
        for part in parts:
            self.add(part)

    def add(self, part: bytes) -> None:
        """Add a portion; not after the first reading."""
        self._packed.append(self._packer.compress(part))

    def lines(self) -> Iterator[str]:
        """Read the text line by line, each with its end; what is no UTF-8 is replaced."""
        if self._is_open:
            self._packed.append(self._packer.flush())
            self._is_open = False
        raw = io.BufferedReader(_Unpacking(self._packed), _BUFFER)
        return io.TextIOWrapper(raw, encoding="utf-8-sig", errors="replace", newline="")


class _Unpacking(io.RawIOBase):
    def __init__(self, packed: Iterable[bytes]) -> None:
        self._parts = iter(packed)
        self._unpacker = zlib.decompressobj()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # as io.RawIOBase has it
        found = self._next(len(buffer))
        buffer[: len(found)] = found
        return len(found)

    def _next(self, most: int) -> bytes:
        """At most so many bytes; none at the end."""
        found = b""
        while not found:
            part = self._unpacker.unconsumed_tail or next(self._parts, None)
            if part is None:
                return self._unpacker.decompress(b"", most)
            found = self._unpacker.decompress(part, most)
        return found
