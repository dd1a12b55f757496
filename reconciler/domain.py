"""The reconciler's words as frozen values. Standard library only.

`docs/reference/glossary.md` says what each word means; the names here are those.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping


class Status(enum.StrEnum):
    """What Constant Contact lets be sent to a member; `deleted` stands for a contact with `deleted_at`."""

    EXPLICIT = "explicit"
    IMPLICIT = "implicit"
    NOT_SET = "not_set"
    PENDING = "pending_confirmation"
    TEMP_HOLD = "temp_hold"
    UNSUBSCRIBED = "unsubscribed"
    DELETED = "deleted"
    UNKNOWN = "unknown"

    @property
    def is_mailable(self) -> bool:
        return self in (Status.EXPLICIT, Status.IMPLICIT)


class Reason(enum.StrEnum):
    """Why a contact is not pushed."""

    UNCHANGED = "unchanged"
    UNSUBSCRIBED = "unsubscribed"
    LEFT_LIST = "left_list"
    DELETED_THERE = "deleted_there"
    NOT_MAILABLE = "not_mailable"
    OPTED_OUT = "opted_out"
    OUT_OF_SCOPE = "out_of_scope"
    FORGOTTEN = "forgotten"
    NO_EMAIL = "no_email"
    INVALID = "invalid"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"
    NEEDS_SINGLE_WRITE = "needs_single_write"
    TOO_MANY_LISTS = "too_many_lists"
    MEMBERSHIP_UNCLEAR = "membership_unclear"
    ADDRESS_TAKEN = "address_taken"
    MOVED = "moved"

    @property
    def bucket(self) -> Bucket:
        """The one bucket of a report in which a contact with this reason is counted."""
        if self in KEPT_OFF:
            return Bucket.SUPPRESSED
        if self in (Reason.MEMBERSHIP_UNCLEAR, Reason.ADDRESS_TAKEN, Reason.MOVED):
            return Bucket.DEFERRED
        is_rejected = self in (Reason.NEEDS_SINGLE_WRITE, Reason.TOO_MANY_LISTS)
        return Bucket.REJECTED if is_rejected else Bucket(self.value)


#: The reasons that keep a person off: nobody with one of these is put on the list.
KEPT_OFF = frozenset(
    {
        Reason.UNSUBSCRIBED,
        Reason.LEFT_LIST,
        Reason.DELETED_THERE,
        Reason.NOT_MAILABLE,
        Reason.OPTED_OUT,
        Reason.OUT_OF_SCOPE,
        Reason.FORGOTTEN,
    }
)


#: The reasons that `rejoin` lifts: nobody who unsubscribed is ever let back in by us.
REJOINABLE: Final = frozenset({Reason.LEFT_LIST, Reason.DELETED_THERE})


class Bucket(enum.StrEnum):
    """Where a report counts a contact: each contact is in exactly one."""

    UNCHANGED = "unchanged"
    ADDED = "added"
    UPDATED = "updated"
    SUPPRESSED = "suppressed"
    NO_EMAIL = "no_email"
    INVALID = "invalid"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"
    DEFERRED = "deferred"
    IN_DOUBT = "in_doubt"


class State(enum.StrEnum):
    """How a run ended."""

    NOTHING_TO_DO = "nothing_to_do"
    OBSERVED = "observed"
    COMPLETED = "completed"
    COMPLETED_WITH_PROBLEMS = "completed_with_problems"
    HELD = "held"
    DISCONNECTED = "disconnected"
    QUOTA = "quota"
    FAILED = "failed"
    CANCELLED = "cancelled"
    ABANDONED = "abandoned"


@dataclass(frozen=True, slots=True)
class Contact:
    """A person as the CRM wants them on the list, normalised once at the border."""

    contact_id: str
    address: str = ""
    #: The address folded for comparing; empty where there is none that can be used.
    folded: str = ""
    #: Why the address can't be used; empty where it can, or where there is none.
    fault: str = ""
    eligible: bool = True
    opted_out: bool = False
    #: Filled fields only: blank in the CRM keeps what is there.
    fields: Mapping[str, str] = field(default_factory=dict)
    #: Fields left out, with the reason. Only the address can keep a person off.
    refused: Mapping[str, str] = field(default_factory=dict)
    #: Stands for somebody who was forgotten: there is nothing of them but that they are in the CRM.
    forgotten: bool = False


@dataclass(frozen=True, slots=True)
class Member:
    """A person as Constant Contact has them: on the list, or off it."""

    member_id: str
    status: Status
    on_list: bool | None
    address: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    updated_at: dt.datetime | None = None
    opted_out_at: dt.datetime | None = None
    deleted_at: dt.datetime | None = None
    #: How many places are filled there by what is not ours: `phones` of other kinds, other `custom_fields`; and `lists`
    #: where they are as many as a contact can be on.
    occupied: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Present:
    """What the members mirror knows of one member, as the diff sees it."""

    member_id: str
    status: Status
    on_list: bool
    #: Seen on the list since connecting, and no longer.
    left: bool = False
    #: Missing from one reading; a second one has yet to say whether they left.
    absent: bool = False
    #: None where only a hash is kept, because the CRM did not have this person until now.
    fields: Mapping[str, str] | None = None
    #: Unsubscribed at some time, and never since subscribed: also of who was deleted after that.
    opted_out: bool = False
    #: On as many other lists as a contact can be.
    lists_full: bool = False

    @property
    def off(self) -> Reason | None:
        """Why this member may not be put on the list, or None."""
        if self.status is Status.UNSUBSCRIBED or self.opted_out:
            return Reason.UNSUBSCRIBED
        if self.status is Status.DELETED:
            return Reason.DELETED_THERE
        if not self.status.is_mailable:
            return Reason.NOT_MAILABLE
        return Reason.LEFT_LIST if self.left else None

    def kept_off(self, *, may_rejoin: bool) -> Reason | None:
        """As `off`, for who may come back: that they left or were deleted counts no more, all else does."""
        return None if may_rejoin and self.off in REJOINABLE else self.off


@dataclass(frozen=True, slots=True)
class Candidate:
    """A contact with the member it could be, and what is remembered of the pair.

    All contacts that share an address come in the same slice, so that one of them can be chosen.
    """

    contact: Contact
    #: The same for all contacts of one address.
    group: str
    #: Gone from the CRM statement's result.
    gone: bool = False
    #: The member with this address.
    member: Present | None = None
    #: The member this contact was matched with before, where it is another one.
    linked: Present | None = None
    #: Whether the link already points to `member`.
    is_linked: bool = False
    #: What was last pushed or found equal, field by field; and how Constant Contact showed it where that differs.
    applied: Mapping[str, str] = field(default_factory=dict)
    shown: Mapping[str, str] = field(default_factory=dict)
    #: Why these very values stand rejected, in words.
    rejected: str = ""
    #: Fields that Constant Contact did not take, with the value that was refused.
    refused_fields: Mapping[str, str] = field(default_factory=dict)
    #: The matched member is linked to another contact that has yet to move away from this address.
    claimed: bool = False
    #: The linked member has become another contact's: of it only counts whether that person is off.
    is_anothers: bool = False
    #: Fields that an import did not take, with the value: a single write tries once more.
    untaken: Mapping[str, str] = field(default_factory=dict)
    #: Somebody said, with a basis, that they may come back although they left or were deleted there.
    may_rejoin: bool = False


@dataclass(frozen=True, slots=True)
class Policy:
    """What a connection chose where there is a choice."""

    #: Fields that are cleared at Constant Contact where the CRM's is blank; else blank keeps what is there.
    clear: tuple[str, ...] = ()
    #: Fields whose value is overwritten at a sweep where it was changed at Constant Contact; else it is kept.
    overwrite: tuple[str, ...] = ()
    #: People new to the account whose address is too long for an import are created by a call of their own. The
    #: provider asks for their explicit permission (provider's contract, `POST /contacts`).
    create_singly: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """What one contact's push would do; `values` are the fields sent, `before` what stands there."""

    contact_id: str
    address: str
    values: Mapping[str, str]
    before: Mapping[str, str]
    #: What both sides agree on once it is done.
    agreed: Mapping[str, str]
    #: Other fields that were changed in Constant Contact while the CRM's stayed: kept, and reported.
    drifted: tuple[str, ...] = field(default=(), kw_only=True)

    @property
    def is_person(self) -> bool:
        """Whether it is about the person rather than about fields: nothing but the address may keep a person off."""
        return not isinstance(self, Update)


@dataclass(frozen=True, slots=True)
class Add(Change):
    """The contact is not on the list; `member_id` is set where the account has them already."""

    member_id: str | None = None
    #: Goes by a call of its own, because an import can't do it.
    is_single: bool = False
    #: Something is left that only a call of its own can do: decided again once this is seen.
    has_rest: bool = False


@dataclass(frozen=True, slots=True)
class Update(Change):
    """The contact is on the list with other values; a value that is empty clears the field."""

    member_id: str = ""
    is_single: bool = False
    has_rest: bool = False


@dataclass(frozen=True, slots=True)
class Readdress(Change):
    """The contact's e-mail address changed, and maybe fields with it; the member keeps everything else."""

    member_id: str = ""
    is_single: bool = True
    has_rest: bool = False


@dataclass(frozen=True, slots=True)
class Skip:
    """A contact not pushed, with its reason."""

    contact_id: str
    reason: Reason
    message: str = ""
    member_id: str | None = None
    #: Fields that were changed in Constant Contact while the CRM's stayed: kept, and reported.
    drifted: tuple[str, ...] = ()
    #: The values that both sides agree on from now on.
    agreed: Mapping[str, str] = field(default_factory=dict)
    #: How Constant Contact shows them, where that differs.
    shown: Mapping[str, str] = field(default_factory=dict)


Decision = Add | Update | Readdress | Skip
