"""Telling people what is news, through Apprise (extra `notify`): each change of state once, whoever notices it."""

from __future__ import annotations

import logging
import re
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reconciler import news
from reconciler.errors import SettingsError
from reconciler.ledger import ages, told

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType

    from reconciler.ledger.database import Ledger
    from reconciler.secret import Secret

_log: Final = logging.getLogger(__name__)
_TITLE: Final = "Sage reconciler"
#: An address may have commas of its own.
_BETWEEN: Final = re.compile(r"[\s,]+(?=\w+://)")


@dataclass(frozen=True, slots=True)
class Notices:
    """The places where people are told."""

    places: Sequence[Callable[[str], bool]] = ()

    def tell(self, ledger: Ledger) -> None:
        """Tell what is news since it was last told; what no place takes is told with the next call.

        The rows stay locked meanwhile: another process that sees the same news leaves it to this one. A process that
        dies right here leaves it to be told again.
        """
        if not self.places:
            return
        with ledger.transaction() as tx:
            there = news.changed(ages.of_all(tx), told.read(tx))
            if there:
                told.prepare(tx, list(there))
        if there:
            self._tell(ledger, list(there))

    def _tell(self, ledger: Ledger, connections: Sequence[int]) -> None:
        with ledger.transaction() as tx:
            before = told.lock(tx, connections)
            them = {one.connection_id: one for one in ages.of_all(tx) if one.connection_id in before}
            there = news.changed(list(them.values()), before)
            said = [news.sentence(them[number], state, before[number]) for number, state in there.items()]
            if said and self._is_taken(news.letter(said)):
                told.note(tx, {number: state.value for number, state in there.items()})

    def _is_taken(self, letter: str) -> bool:
        """Whether at least one place took it: else who gets it would get it again and again for those that fail."""
        taken = [place(letter) for place in self.places]
        for number, is_taken in enumerate(taken, 1):
            if not is_taken:
                _log.warning("address %s of RECONCILER_NOTIFY_URL did not take the news", number)
        return any(taken)


def of(urls: Secret | None) -> Notices:
    """The places that the settings name. Raises SettingsError where one is none, or Apprise is missing."""
    if urls is None:
        return Notices()
    try:
        import apprise  # noqa: PLC0415 - an extra, which most installations don't have
    except ImportError:
        raise SettingsError(
            "RECONCILER_NOTIFY_URL is set, and Apprise is not installed",
            advice="pip install 'sage-reconciler[notify]', or leave the setting out",
        ) from None
    with warnings.catch_warnings():
        # Its plugins are loaded here, and warn of each other's libraries.
        warnings.simplefilter("ignore")
        return Notices([_place(apprise, number, url) for number, url in enumerate(_split(urls), 1)])


def _split(urls: Secret) -> list[str]:
    return _BETWEEN.split(urls.reveal().strip(" ,"))


def _place(apprise: ModuleType, number: int, url: str) -> Callable[[str], bool]:
    there = apprise.Apprise()
    if not there.add(url):
        told = f"address {number} of RECONCILER_NOTIFY_URL is none that Apprise knows"
        raise SettingsError(told, advice="look at https://appriseit.com for the form of each service's address")

    def tell(letter: str) -> bool:
        try:
            return bool(there.notify(body=letter, title=_TITLE))
        except Exception as error:  # noqa: BLE001 - a service's own code; whatever it does, no run fails for it
            _log.warning("a notification failed: %s", type(error).__name__)
            return False

    return tell
