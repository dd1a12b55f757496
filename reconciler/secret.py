"""A text that must not be printed, wrapped so that it can't be by accident."""

from __future__ import annotations

import hmac
from typing import ClassVar, NoReturn, Self, final

_MASK = "***"
_TAIL_LENGTH = 4
_LONG_ENOUGH_FOR_A_TAIL = 12


@final
class Secret:
    """Hold a text that shows as `***` however it is printed, copied or dumped.

    `reveal()` is the one way to the text: search for it to find every place that uses one.
    Two secrets compare by value in constant time; as that forbids a hash by identity, they
    have none.
    """

    # Without a __dict__, vars() and what walks over it (debuggers, error trackers) find nothing.
    __slots__ = ("__text",)
    __hash__: ClassVar[None] = None  # type: ignore[assignment]  # how a class says "unhashable"

    __text: str

    def __init__(self, text: str) -> None:
        if not isinstance(text, str):
            raise TypeError("A Secret holds text.")
        object.__setattr__(self, "_Secret__text", text)

    def reveal(self) -> str:
        """Give the text itself."""
        return self.__text

    def tail(self) -> str:
        """Give the last four characters to recognise it by, or "" when they would be too much of it."""
        return self.__text[-_TAIL_LENGTH:] if len(self.__text) > _LONG_ENOUGH_FOR_A_TAIL else ""

    def __repr__(self) -> str:
        return _MASK

    def __format__(self, spec: str) -> str:
        return _MASK

    def __bool__(self) -> bool:
        return bool(self.__text)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self.__as_bytes(), other.__as_bytes())

    def __as_bytes(self) -> bytes:
        # Bytes, as compare_digest takes only ASCII text; surrogates come from an undecodable environment.
        return self.__text.encode("utf-8", "surrogatepass")

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        # dataclasses.asdict and astuple copy deeply: what they give still masks itself.
        return self

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("A Secret can't be changed.")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("A Secret can't be changed.")

    def __getstate__(self) -> NoReturn:
        raise TypeError("A Secret can't be pickled: it would be written in the clear.")

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("A Secret can't be pickled: it would be written in the clear.")
