"""Each peer as a process of its own against the ground, and the look whether it did what it was to do."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench.ground import ROOT, FailedError, ground

if TYPE_CHECKING:
    from bench.ground import Ground, Ran

PYTHON: Final = ROOT / ".bench" / "bin" / "python"
HERE: Final = Path(__file__).parent
#: Name of the peer, and its script.
SCRIPTS: Final = {
    "dlt": "with_dlt.py",
    "singer-sdk": "with_singer.py",
    "drt-core": "with_drt.py",
    "usual script": "with_usual_script.py",
}
#: What a peer is told before it is measured: what its users do once.
_ONCE: Final = {"singer-sdk": ("prepare",), "drt-core": ("prepare",)}


@dataclass(frozen=True, slots=True)
class Peer:
    """A peer that has brought so many contacts onto the list."""

    name: str
    contacts: int
    ran: Ran


def is_there() -> bool:
    """Say whether the environment of the peers was made (`make bench` makes it)."""
    return PYTHON.exists()


def load(name: str, contacts: int) -> Peer:
    """Let a peer bring invented contacts from a CRM onto an empty list. Raises FailedError where they are not there."""
    with ground() as made, tempfile.TemporaryDirectory(prefix="peer-") as folder:
        made.fill_crm(1, contacts)
        for words in _ONCE.get(name, ()):
            run(made, folder, SCRIPTS[name], words)
        ran = run(made, folder, SCRIPTS[name])
        members = made.members()
        if members != contacts:
            raise FailedError(
                f"{name} brought {members:,} of {contacts:,} contacts onto the list:\n{ran.printed[-1000:]}"
            )
    return Peer(name, contacts, ran)


def run(made: Ground, folder: str, script: str, *words: str) -> Ran:
    """Run a peer's script to its end; its folder is its home."""
    environ = {
        "PEER_CRM": made.crm_for_sqlalchemy,
        "PEER_API_URL": made.account["api_url"],
        "PEER_TOKEN": made.account["access_token"],
        "PEER_LIST_ID": made.account["list_id"],
        "PEER_FOLDER": folder,
        "HOME": folder,
    }
    return made.measured([str(PYTHON), str(HERE / script), *words], environ)
