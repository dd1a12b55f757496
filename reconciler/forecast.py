"""What a planned first sync would touch and cost."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from reconciler import pull
from reconciler.ledger import plans
from reconciler.limits import Limits

if TYPE_CHECKING:
    from reconciler.ledger.database import Ledger
    from reconciler.report import Report

#: A first sync's calls besides imports and read-back: the list before and after, who is off, and polls.
_OTHER_CALLS: Final = 10
_CALLS_A_MINUTE: Final = 150


def forecast(ledger: Ledger, planned: Report) -> dict[str, Any]:
    """What a planned first sync would touch and cost: people known, fields, calls, minutes at the usual pace."""
    with ledger.transaction() as tx:
        known, size = plans.known_and_bytes(tx, planned.run_id)
        overwritten = plans.overwritten(tx, planned.run_id)
    changes = planned.planned_adds + planned.planned_updates
    imports = max(math.ceil(size / Limits().batch_bytes), math.ceil(changes / Limits().batch_contacts))
    calls = imports + pull.pages(changes) + _OTHER_CALLS if changes else 0
    return {"known": known, "overwritten": overwritten, "calls": calls, "minutes": math.ceil(calls / _CALLS_A_MINUTE)}
