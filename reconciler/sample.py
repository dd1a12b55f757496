"""The first rows of a CRM statement, taken as a run takes them: what could not be sent, before anything is stored."""

from __future__ import annotations

import contextlib
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from reconciler import extract, mapping

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.crm import Crm

#: Reading as many takes some seconds.
MOST: Final = 10_000


@dataclass(frozen=True, slots=True)
class Sample:
    """So many rows; addresses that can't be used, and by field the values that would be left out."""

    rows: int
    invalid: int
    left_out: Mapping[str, int]

    def to_json(self) -> dict[str, object]:
        return {"rows": self.rows, "invalid": self.invalid, "left_out": dict(self.left_out)}


def take(crm: Crm, statement: str, workspace: str, columns: Mapping[str, str]) -> Sample:
    """Read the first rows. Raises StatementError where one of them has no contact_id that can be used."""
    rows, invalid = 0, 0
    left_out: Counter[str] = Counter()
    wanted = mapping.wanted(columns)
    with crm.snapshot() as snapshot:
        found = snapshot.of(workspace).rows(statement, wanted, is_large=True)
        with contextlib.closing(found):
            for contact in extract.contacts(islice(found, MOST), wanted):
                rows += 1
                invalid += bool(contact.fault)
                left_out.update(contact.refused.keys())
    return Sample(rows, invalid, left_out)
