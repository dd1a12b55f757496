"""What becomes of a run's refused imports: somebody's own fault, or what all of them have in common.

Nobody is rejected before an import of the same run was taken. Until then refused batches are kept aside, and the others
are tried: the bad ones may all stand in the first.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reconciler.errors import BatchRefused
from reconciler.halving import ENOUGH, Search, halve
from reconciler.ledger import batches
from reconciler.receipts import Deferred, Rejected

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reconciler.errors import ApiRefused
    from reconciler.ledger.batches import Sendable
    from reconciler.receipts import Receipt
    from reconciler.work import Work

    Chunk = Sequence[tuple[Sendable, bytes]]


@dataclass(frozen=True, slots=True)
class _Aside:
    """A refused batch: who was refused alone, with the words, and of whom nothing is known."""

    batch_id: int
    words: str
    alone: Sequence[tuple[str, str]]
    left: Sequence[str]


@dataclass(slots=True)
class Refusals:
    """The refused imports of a run, from `look_into` to `record`."""

    work: Work
    search: Search
    #: The first refusal.
    refusal: ApiRefused | None = None
    aside: list[_Aside] = field(default_factory=list)
    #: Nothing was taken in the whole run.
    is_everybodys: bool = False

    def look_into(
        self, chunk: Chunk, batch_id: int, refusal: ApiRefused, send: Callable[[Chunk], ApiRefused | None]
    ) -> None:
        """Find out for whom a batch was refused, as far as the run's calls go. This run sends none of them again."""

        def words(part: Chunk) -> str | None:
            refused = send(part)
            return None if refused is None else str(refused)

        self.refusal = self.refusal or refusal
        self.work.tell(f"an import of {len(chunk):,} contacts was refused: looking for whom")
        found = halve(chunk, str(refusal), words, self.search)
        with self.work.write() as tx:
            batches.mark_tried(tx, self.work.run_id, batch_id)
        alone = [(change.contact_id, told) for (change, _), told in found.refused]
        left = [change.contact_id for change, _ in found.left]
        self.aside.append(_Aside(batch_id, str(refusal), alone, left))

    def record(self) -> None:
        """Write down what became of the contacts that were kept aside, as it is known by now."""
        while self.aside:
            with self.work.write() as tx:
                batches.record(tx, self.work.run_id, self.aside[0].batch_id, list(self._receipts(self.aside[0])))
            del self.aside[0]

    def check(self) -> None:
        """Raise BatchRefused where something was refused and nothing taken: that is not these contacts' fault."""
        if self.refusal and not self._is_their_own():
            self.is_everybodys = True
            raise BatchRefused(str(self.refusal), advice=self.refusal.advice) from self.refusal

    def _receipts(self, aside: _Aside) -> list[Receipt]:
        code = "batch_refused" if self.is_everybodys else "not_tried_yet"
        waits = [Deferred(contact_id, code, aside.words) for contact_id in aside.left]
        if self._is_their_own():
            return [*waits, *(Rejected(contact_id, "refused_in_import", told) for contact_id, told in aside.alone)]
        return [*waits, *(Deferred(contact_id, code, told) for contact_id, told in aside.alone)]

    def _is_their_own(self) -> bool:
        """Whether others were taken; or so few are refused that were refused once before, and held all others up."""
        are_they_again = self.work.connection.held_reason == "batch_refused" and self.search.alone < ENOUGH
        return self.search.has_sent or are_they_again
