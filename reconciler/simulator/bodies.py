"""Reading a JSON body property by property; the API says everything that is wrong with one in a single message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.simulator.answers import Request, invalid, json_object

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


class Body:
    """A body, or an object in it. What is wrong is collected, and said by `finish`."""

    def __init__(self, sent: Mapping[str, object], faults: list[str] | None = None, prefix: str = "") -> None:
        self.sent = sent
        self.faults: list[str] = [] if faults is None else faults
        self._prefix = prefix

    @classmethod
    def of(cls, request: Request) -> Body:
        """Read a request's body; 400 or 415 where it isn't a JSON object."""
        return cls(json_object(request))

    def wrong(self, name: str, what: str = "does not have a valid value") -> None:
        """Note that a property is wrong."""
        self.faults.append(f"{self._prefix}{name} {what}")

    def finish(self) -> None:
        """Refuse the request if anything was wrong, naming all of it."""
        if self.faults:
            raise invalid(", ".join(self.faults))

    def text(self, name: str, most: int) -> str | None:
        """Read a text; None where it is left out or null."""
        value = self.sent.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            self.wrong(name)
            return None
        if len(value) > most:
            self.wrong(name, f"is longer than {most} characters")
        return value

    def choice(self, name: str, choices: Collection[str], *, required: bool = False) -> str | None:
        """Read one of a few texts. One that is required and missing is wrong twice over, as the provider puts it."""
        value = self.sent.get(name)
        if value is None and not required:
            return None
        if value is None:
            self.wrong(name, "is missing")
        if not isinstance(value, str) or value not in choices:
            self.wrong(name)
            return None
        return value

    def whole(self, name: str, most: int) -> int | None:
        """Read a whole number from 1; None where it is left out or null."""
        value = self.sent.get(name)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
            self.wrong(name)
            return None
        return value

    def texts(self, name: str, most: int, known: Collection[str] | None = None) -> tuple[str, ...] | None:
        """Read an array of texts, of those that are known; None where it is left out."""
        value = self._array(name, most)
        if value is None:
            return None
        if not all(isinstance(each, str) and (known is None or each in known) for each in value):
            self.wrong(name)
        return tuple(dict.fromkeys(each for each in value if isinstance(each, str)))

    def objects(self, name: str, most: int) -> list[Body] | None:
        """Read an array of objects; None where it is left out."""
        value = self._array(name, most)
        if value is None:
            return None
        if not all(isinstance(each, dict) for each in value):
            self.wrong(name)
        return [Body(each, self.faults, f"{name}.") for each in value if isinstance(each, dict)]

    def inner(self, name: str) -> Body | None:
        """Read an object; None where it is left out."""
        value = self.sent.get(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.wrong(name)
            return None
        return Body(value, self.faults, f"{name}.")

    def _array(self, name: str, most: int) -> list[object] | None:
        value = self.sent.get(name)
        if value is None:
            return None
        if not isinstance(value, list):
            self.wrong(name)
            return None
        if len(value) > most:
            self.wrong(name, f"may have at most {most} items")
        return value
