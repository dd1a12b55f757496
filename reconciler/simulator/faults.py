"""Faults on demand: answers that go wrong, connections that break."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from reconciler.simulator.answers import Answer, error_list

if TYPE_CHECKING:
    from collections.abc import Mapping

RESET: Final = "reset_mid_request"
KINDS: Final = (
    "status", "drop_before", "drop_after", "html", "empty", "slow", "truncate", "body",
    "redirect", "huge", "gzip_bomb", "drip", RESET,
)  # fmt: skip
WORK: Final = frozenset({"drop_after", "slow", "truncate", "drip"})
MEGABYTE: Final = 1_048_576
_MOST_MEGABYTES: Final = 1_000
_MOST_SECONDS: Final = 3_600
_MOST_TIMES: Final = 1_000_000

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
    location: str = ""
    megabytes: int = 64

    @property
    def delay(self) -> float:
        """Say how long the whole answer waits, in seconds; a dripping one begins at once."""
        return 0.0 if self.kind == "drip" else self.seconds

    @property
    def does_work(self) -> bool:
        """Say whether the request is carried out all the same."""
        return self.kind in WORK

    def answer(self, real: Answer | None) -> Answer:
        """Make the answer that goes out; `real` is that of the work, where it was done."""
        if self.kind in {"drop_before", "drop_after", RESET}:
            return Answer(0, delivered=False)
        if real:
            drip = (self.seconds or 1.0) if self.kind == "drip" else 0.0
            return replace(real, complete=self.kind != "truncate", drip_seconds=drip)
        return self._made_up()

    def _made_up(self) -> Answer:
        match self.kind:
            case "html":
                return Answer(self.status or 502, _HTML, "text/html")
            case "empty":
                return Answer(self.status or 503)
            case "body":
                return Answer(self.status or 200, _bytes(self.body))
            case "redirect":
                return Answer(self.status or 302, headers={"Location": self.location})
            case "huge" | "gzip_bomb":
                return self._big()
            case _:
                return self._status()

    def _big(self) -> Answer:
        if self.kind == "gzip_bomb":
            return Answer(self.status or 200, _packed(self.megabytes), headers={"Content-Encoding": "gzip"})
        return Answer(self.status or 200, b'{"padding":"' + b"x" * (self.megabytes * MEGABYTE) + b'"}')

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

    def next(self, operation: str) -> Fault | None:
        """Say which fault the next request of an operation meets, without using it up."""
        fitting = (each for each in self._waiting if each.operation in {"*", operation} and each.times > 0)
        return next((each for each in fitting if each.skip <= 0), None)

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
    unknown = set(values) - {"operation", "status", "body", "seconds", "times", "skip", "location", "megabytes"}
    if unknown:
        raise ValueError(f"a fault has no {min(unknown)!r}")
    return Fault(
        operation=str(values.get("operation", "*")), kind=str(kind), body=values.get("body"),
        status=_status(values), seconds=_number(values, "seconds"),
        times=_whole(values, "times", 1, _MOST_TIMES), skip=_whole(values, "skip", 0, _MOST_TIMES),
        location=str(values.get("location", "")), megabytes=_whole(values, "megabytes", 64, _MOST_MEGABYTES),
    )  # fmt: skip


def _number(values: Mapping[str, object], name: str) -> float:
    value = values.get(name, 0)
    if not isinstance(value, int | float) or not 0 <= value <= _MOST_SECONDS:
        raise ValueError(f"{name} is a number up to {_MOST_SECONDS:,}, not {value!r}")
    return float(value)


def _whole(values: Mapping[str, object], name: str, default: int, most: int) -> int:
    value = values.get(name, default)
    if not isinstance(value, int) or not 0 <= value <= most:
        raise ValueError(f"{name} is a whole number up to {most:,}, not {value!r}")
    return value


def _status(values: Mapping[str, object]) -> int | None:
    """None: what fits the fault."""
    status = values.get("status")
    if status is not None and (not isinstance(status, int) or not 100 <= status < 600):  # noqa: PLR2004 - HTTP's own
        raise ValueError(f"status is one of HTTP's, from 100 to 599, not {status!r}")
    return status


def _packed(megabytes: int) -> bytes:
    """Pack a JSON text of so many megabytes: it is a thousand times smaller on its way."""
    packer = zlib.compressobj(wbits=31)  # 31: with the header of gzip
    parts = [packer.compress(b'{"padding":"'), *(packer.compress(b"x" * MEGABYTE) for _ in range(megabytes))]
    return b"".join((*parts, packer.compress(b'"}'), packer.flush()))


def _bytes(body: object) -> bytes:
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()
