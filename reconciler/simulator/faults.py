"""Faults on demand: answers that go wrong, connections that break."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from reconciler.simulator.answers import Answer, error_list

if TYPE_CHECKING:
    from collections.abc import Mapping

KINDS: Final = ("status", "drop_before", "drop_after", "html", "empty", "slow", "truncate", "body")
NO_WORK: Final = frozenset({"status", "drop_before", "html", "empty", "body"})

_HTML = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


@dataclass
class Fault:
    """A fault, for so many requests of one operation ("*": of any), after so many that go well."""

    operation: str
    kind: str
    status: int | None = None
    body: object = None
    seconds: float = 0.0
    times: int = 1
    skip: int = 0

    @property
    def does_work(self) -> bool:
        """Say whether the request is carried out all the same."""
        return self.kind not in NO_WORK

    def answer(self, real: Answer | None) -> Answer:
        """Make the answer that goes out; `real` is that of the work, where it was done."""
        if self.kind in {"drop_before", "drop_after"}:
            return Answer(0, delivered=False)
        if real:
            return replace(real, complete=self.kind != "truncate")
        return self._made_up()

    def _made_up(self) -> Answer:
        match self.kind:
            case "html":
                return Answer(self.status or 502, _HTML, "text/html")
            case "empty":
                return Answer(self.status or 503)
            case "body":
                return Answer(self.status or 200, _bytes(self.body))
            case _:
                return self._status()

    def _status(self) -> Answer:
        status = self.status or 500
        if self.body is not None:
            return Answer(status, _bytes(self.body))
        return error_list(status, "contacts.api.fault", "The simulator was told to answer so.")


class Faults:
    """The faults that are still to happen, the oldest first."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Let a fault happen."""
        self._waiting.append(fault)

    def take(self, operation: str) -> Fault | None:
        """Say what goes wrong with this request, if anything; the first fault that fits is used up by one."""
        for fault in self._waiting:
            if fault.operation not in {"*", operation} or fault.times <= 0:
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            fault.times -= 1
            return fault
        return None


def read_fault(body: Mapping[str, object]) -> Fault:
    """Read what the side door was told; ValueError where that isn't a fault."""
    values = dict(body)
    kind = values.pop("fault", None)
    if kind not in KINDS:
        raise ValueError(f"fault is one of {', '.join(KINDS)}, not {kind!r}")
    unknown = set(values) - {"operation", "status", "body", "seconds", "times", "skip"}
    if unknown:
        raise ValueError(f"a fault has no {min(unknown)!r}")
    return Fault(
        operation=str(values.get("operation", "*")), kind=str(kind), body=values.get("body"),
        status=_whole(values, "status", 0) or None, seconds=_number(values, "seconds"),
        times=_whole(values, "times", 1), skip=_whole(values, "skip", 0),
    )  # fmt: skip


def _number(values: Mapping[str, object], name: str) -> float:
    value = values.get(name, 0)
    if not isinstance(value, int | float) or value < 0:
        raise ValueError(f"{name} is a number, not {value!r}")
    return float(value)


def _whole(values: Mapping[str, object], name: str, default: int) -> int:
    value = values.get(name, default)
    if not isinstance(value, int) or value < 0:
        raise ValueError(f"{name} is a whole number, not {value!r}")
    return value


def _bytes(body: object) -> bytes:
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()
