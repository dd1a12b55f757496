"""The key ring as pages speak of it: calmly, and without the name of a file; log lines have the error whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reconciler import status
from reconciler.errors import VaultError

if TYPE_CHECKING:
    from reconciler.bootstrap import Process
    from reconciler.ledger.connections import Connection

_ADMINISTRATOR: Final = "an administrator of this installation has to put it right; until then nothing is synced"
MISSING: Final = f"The key ring is missing: {_ADMINISTRATOR}."
UNUSABLE: Final = f"The key ring can't be used: {_ADMINISTRATOR}."


def trouble(here: Process) -> str | None:
    """Why no credentials at all can be opened, in words for people; None: the key ring is there."""
    try:
        here.vault()
    except VaultError:
        path = here.settings.keyring
        return UNUSABLE if path is not None and path.exists() else MISSING
    return None


def unusable(here: Process, connection: Connection) -> str | None:
    """Why the credentials of a connection can't be opened; None: they can."""
    return trouble(here) or status.unusable(here.vault, connection)
