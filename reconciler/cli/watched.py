"""What a process tells the outside of its runs: a monitor, Prometheus, and people where there is news."""

from __future__ import annotations

import contextlib
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from reconciler.errors import ReconcilerError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reconciler.bootstrap import Process
    from reconciler.health import Health
    from reconciler.ledger.database import Ledger
    from reconciler.metrics import Metrics
    from reconciler.notices import Notices
    from reconciler.pings import Pings
    from reconciler.report import Report

_log: Final = logging.getLogger(__name__)


@dataclass(slots=True)
class Watched:
    """Hears of each run; whatever goes wrong in here is logged and fails none."""

    ledger: Ledger
    pings: Pings
    notices: Notices
    metrics: Metrics | None = None
    file: Path | None = None

    def ran(self, outcome: Report | str | None) -> None:
        """Count a run; a word in its place is one that did not take place, and None a quiet tick."""
        if self.metrics is None or isinstance(outcome, str):
            return
        if outcome is None:
            self.metrics.was_quiet()
        else:
            self.metrics.ran(outcome)

    def ended(self, *, is_well: bool) -> None:
        """A round of ticks, or the one run, is over."""
        self.tell()
        self._write()
        if is_well:
            self.pings.success()
        else:
            self.pings.failure()

    def tell(self) -> None:
        """Tell people what is news."""
        try:
            self.notices.tell(self.ledger)
        except ReconcilerError as error:
            _log.warning("what is news could not be looked up: %s", error)

    def _write(self) -> None:
        if self.metrics is None or self.file is None:
            return
        from reconciler import metrics

        try:
            metrics.write(self.metrics, self.file)
        except OSError as error:
            _log.warning("the metrics were not written to %s: %s", self.file, error.strerror)


def watched(here: Process, ledger: Ledger, file: str | None = None) -> Watched:
    """What the settings and options ask for. Raises SettingsError or UsageError where that can't be done."""
    made = Watched(ledger, here.pings(), here.notices())
    if file is not None:
        made.file = Path(file)
        made.metrics = counting(ledger)
        made.metrics.go_on_from(_earlier(made.file))
    return made


def counting(ledger: Ledger) -> Metrics:
    from reconciler.metrics import Metrics

    return Metrics(lambda: look(ledger))


def look(ledger: Ledger) -> Sequence[Health]:
    """How every connection stands."""
    from reconciler import health
    from reconciler.ledger import ages

    with ledger.transaction() as tx:
        return [health.judge(one) for one in ages.of_all(tx)]


@contextlib.contextmanager
def told(watch: Watched) -> Iterator[None]:
    """Say when one run begins, and that it failed where the block ends in an error; else the block says how it went."""
    watch.pings.start()
    try:
        yield
    except BaseException:
        watch.ended(is_well=False)
        raise


def _earlier(file: Path) -> str:
    """What an earlier run wrote. Raises UsageError where no file can be."""
    try:
        return file.read_text(encoding="utf-8", errors="replace") if file.exists() else _none_in(file.parent)
    except OSError as error:
        raise UsageError(f"{file} can't be read: {error.strerror}") from None


def _none_in(folder: Path) -> str:
    if not folder.is_dir():
        raise UsageError(
            f"there is no folder {folder} for the metrics", advice="make it, or name another with --metrics-file"
        )
    return ""
