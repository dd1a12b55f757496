"""What became of a change: verified, rejected, deferred, in doubt, or kept off. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.domain import Reason


@dataclass(frozen=True, slots=True)
class Remark:
    """What is to be said of a change that is verified: what it did besides, or why fields were refused."""

    code: str
    message: str


NO_REMARK = Remark("", "")


@dataclass(frozen=True, slots=True)
class Verified:
    """The member, read back, shows the change. `shown` says how, where it differs from what was sent."""

    contact_id: str
    member_id: str
    shown: Mapping[str, str] = field(default_factory=dict)
    #: Fields that were not taken, with what is there instead.
    refused: Mapping[str, str] = field(default_factory=dict)
    #: Fields that an import did not take, and that a single write has yet to try.
    untaken: Mapping[str, str] = field(default_factory=dict)
    #: Fields that were left out of a single write, and that an import has yet to try.
    unsent: Mapping[str, str] = field(default_factory=dict)
    #: What else is to be said of it.
    remark: Remark = NO_REMARK


@dataclass(frozen=True, slots=True)
class Rejected:
    """Constant Contact refused this contact, or is known to."""

    contact_id: str
    code: str
    message: str
    #: Tried again after so many seconds although nothing changed; None: only when the contact changes.
    again_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Deferred:
    """Not sent, and not forgotten: the next run finds it again."""

    contact_id: str
    code: str
    message: str
    #: Not before so many seconds have gone by; None: at the next run.
    again_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class InDoubt:
    """Sent, and not yet seen."""

    contact_id: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class KeptOff:
    """The member turned out to be off while the change was on its way: Constant Contact kept them off, and so do we."""

    contact_id: str
    member_id: str
    reason: Reason


Receipt = Verified | Rejected | Deferred | InDoubt | KeptOff
