"""Hosts of their own on one machine: network namespaces, each with a line to the ledger and a line to the API.

Lines can be cut as a cable is pulled, or so that whatever goes either way is lost without a word. It takes root and
the program `ip`.
"""

from __future__ import annotations

import contextlib
import enum
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: The ledger is at one address for every host; addresses are of those that are set apart for such trials (RFC 2544).
LEDGER = "198.18.0.1"
#: Nobody has it.
_NOBODY = "02:00:00:00:00:01"
CAN_BE_MADE = os.geteuid() == 0 and shutil.which("ip") is not None


class Cut(enum.Enum):
    """How a line is cut."""

    #: The interface is down, and the host knows it.
    DOWN = "down"
    #: Everything is lost, and nobody is told.
    SILENT = "silent"


@dataclass(frozen=True)
class Line:
    """A pair of interfaces of the same name: one within the host's namespace, one outside of it."""

    namespace: str
    name: str
    host: str
    service: str

    def lay(self) -> None:
        _ip("link", "add", self.name, "type", "veth", "peer", "name", self.name, "netns", self.namespace)
        for where, own, other in (((), self.service, self.host), (self._inside, self.host, self.service)):
            _ip(*where, "address", "add", own, "peer", other, "dev", self.name)
            _ip(*where, "link", "set", self.name, "up")

    def cut(self, how: Cut) -> None:
        match how:
            case Cut.DOWN:
                _ip(*self._inside, "link", "set", self.name, "down")
            case Cut.SILENT:
                for where, other in self._ends:
                    _ip(*where, "neigh", "replace", other, "lladdr", _NOBODY, "nud", "permanent", "dev", self.name)

    def heal(self, how: Cut) -> None:
        match how:
            case Cut.DOWN:
                _ip(*self._inside, "link", "set", self.name, "up")
            case Cut.SILENT:
                for where, other in self._ends:
                    _ip(*where, "neigh", "delete", other, "dev", self.name)

    @property
    def _inside(self) -> Sequence[str]:
        return ("-netns", self.namespace)

    @property
    def _ends(self) -> Sequence[tuple[Sequence[str], str]]:
        return ((), self.host), (self._inside, self.service)


@dataclass(frozen=True)
class Host:
    """A host by its name, with its two lines."""

    name: str
    to_ledger: Line
    to_api: Line

    @property
    def within(self) -> Sequence[str]:
        """What a command begins with that is run there."""
        return ("ip", "netns", "exec", self.to_ledger.namespace)

    @contextlib.contextmanager
    def relaying(self, port: int) -> Iterator[None]:
        """Its own loopback's port leads to the same port of the API, for as long as the block runs."""
        program = str(Path(__file__).with_name("relay.py"))
        command = [*self.within, sys.executable, program, str(port), self.to_api.service, str(port)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as relay:  # noqa: S603 - our own words
            try:
                assert relay.stdout is not None
                assert relay.stdout.readline() == b"listens\n"
                yield
            finally:
                relay.kill()


@contextlib.contextmanager
def hosts(*names: str) -> Iterator[list[Host]]:
    """So many hosts; nothing is left of them, whatever becomes of the block."""
    with contextlib.ExitStack() as undo:
        yield [undo.enter_context(_host(name, number)) for number, name in enumerate(names, 1)]


@contextlib.contextmanager
def _host(name: str, number: int) -> Iterator[Host]:
    namespace = f"rec{os.getpid()}{number}"
    _ip("netns", "add", namespace)
    try:
        _ip("-netns", namespace, "link", "set", "lo", "up")
        to_ledger = Line(namespace, f"{namespace}l", f"198.18.0.{number + 1}", LEDGER)
        to_api = Line(namespace, f"{namespace}a", f"198.18.{number}.2", f"198.18.{number}.1")
        for line in (to_ledger, to_api):
            line.lay()
        yield Host(name, to_ledger, to_api)
    finally:
        # Processes in it would keep it, and the lines with it.
        for letter in ("l", "a"):
            with contextlib.suppress(subprocess.CalledProcessError):
                _ip("link", "delete", f"{namespace}{letter}")
        _ip("netns", "delete", namespace)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)  # noqa: S603, S607 - our own words; found as root finds it
