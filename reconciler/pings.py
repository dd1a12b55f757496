"""Pings to a monitor that notices when none comes, by the convention of healthchecks.io."""

from __future__ import annotations

import http.client
import logging
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit, urlunsplit

if TYPE_CHECKING:
    from collections.abc import Callable

_log: Final = logging.getLogger(__name__)
#: A monitor that is slow holds nothing up for longer.
_SECONDS: Final = 5.0


def _ask(url: str) -> None:
    with urllib.request.urlopen(url, timeout=_SECONDS):  # noqa: S310 - the settings take http and https only
        pass


@dataclass(frozen=True, slots=True)
class Pings:
    """Tells a monitor of a beginning, of success and of failure; without an address nobody.

    A ping that fails is logged without its address, which is a secret, and fails nothing.
    """

    url: str | None
    ask: Callable[[str], None] = _ask

    def start(self) -> None:
        self._ping("/start")

    def success(self) -> None:
        self._ping("")

    def failure(self) -> None:
        self._ping("/fail")

    def _ping(self, end: str) -> None:
        if self.url is None:
            return
        parts = urlsplit(self.url)
        try:
            self.ask(urlunsplit(parts._replace(path=parts.path.rstrip("/") + end)))
        except (OSError, ValueError, http.client.HTTPException) as error:
            # An answer that is an error says so in its number; its words may repeat the address.
            told = getattr(error, "code", None) or type(error).__name__
            _log.warning("the health check was not pinged: %s", told, extra={"ping": end or "/"})
