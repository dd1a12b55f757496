"""The world's troubles, as exceptions. A contact's trouble is a value, never one of these.

A class's docstring is its default message; `advice` is what the user can do about it.
"""

from __future__ import annotations

import traceback
from pathlib import Path


class ReconcilerError(Exception):
    """Something went wrong that the reconciler knows about."""

    def __init__(self, message: str | None = None, *, advice: str = "") -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())
        self.advice = advice


class Mistake(ReconcilerError):
    """This is a mistake in the reconciler."""

    @classmethod
    def of(cls, error: BaseException) -> Mistake:
        """An exception that nobody foresaw. Its own words are not shown: they may hold somebody's data."""
        frames = traceback.extract_tb(error.__traceback__)
        ours = [frame for frame in frames if "reconciler" in Path(frame.filename).parts] or frames
        where = f" in {Path(ours[-1].filename).name}, line {ours[-1].lineno}" if ours else ""
        return cls(
            f"this is a mistake in the reconciler: {type(error).__name__}{where}",
            advice="nothing is lost; run it again with RECONCILER_LOG_LEVEL=debug and send us what it prints",
        )


class UsageError(ReconcilerError):
    """The command can't be carried out as it was given."""


class SettingsError(ReconcilerError):
    """The settings are wrong; every fault is named at once."""


class VaultError(ReconcilerError):
    """A credential can't be sealed or opened. The message never contains it."""


class LedgerError(ReconcilerError):
    """The ledger's database can't be reached or can't be used."""


class SchemaError(LedgerError):
    """The ledger's schema is missing, older or newer than this program, or was changed by hand."""


class LeaseLost(LedgerError):
    """Another run has taken over this connection; this one wrote nothing more."""


class CrmError(ReconcilerError):
    """The CRM could not be read; nothing was changed."""


class CrmUnreachable(CrmError):
    """The CRM's database is out of reach."""


class StatementError(CrmError):
    """The CRM statement is not one that the reconciler can use."""


class SchemaChanged(CrmError):
    """The columns of the CRM statement are no longer those that were connected."""


class SourceShrunk(CrmError):
    """The CRM statement returned far fewer contacts than last time: that is not believed."""

    def __init__(self, read: int, last: int, *, is_part: bool = False) -> None:
        share = 100 - 100 * read // last
        them = "the ones that were about to be pushed" if is_part else "last time"
        super().__init__(
            f"the CRM statement returned {read:,} contact{'' if read == 1 else 's'}, {share} % fewer than the {last:,}"
            f" of {them}, and less than half is not believed; nothing was changed",
            advice="it goes on by itself when they are back",
        )
        #: What an approval covers; of some contacts none that says anything of all.
        self.counts = {} if is_part else {"read": read, "last": last}


class Moved(ReconcilerError):
    """This is another database than the one that was used before: it may be a copy."""


class SourceMoved(Moved):
    """This is another CRM than the one that was read before."""


class LedgerMoved(Moved):
    """This is another ledger than the one that was used before."""


class Stopped(ReconcilerError):
    """Somebody has asked this process to stop: what was under way is finished, the rest goes with the next run."""


class ApiError(ReconcilerError):
    """Constant Contact answered with something the reconciler can't go on with."""


class ApiUnavailable(ApiError):
    """Constant Contact can't be reached or is in trouble; this passes."""

    #: How long Constant Contact asks us to wait, in seconds, where it says so.
    patience: float | None = None


class Unreached(ApiUnavailable):
    """Constant Contact can't be reached: certainly nothing was sent."""


class TooLarge(ApiUnavailable):
    """An answer is larger than this API's are: it was not read to its end."""


class Throttled(ApiUnavailable):
    """Too many requests a second: this one was not carried out."""


class QueueFull(ApiUnavailable):
    """The account has as many bulk activities queued as it may: this one was not taken."""


class OutcomeUnknown(ApiUnavailable):
    """A write was sent and no answer came: whether it happened is found out by looking."""


class ApiRefused(ApiError):
    """Constant Contact refused the request for good."""


class Conflict(ApiRefused):
    """Another contact of the account has this address."""

    def __init__(self, message: str | None = None, *, advice: str = "", member_id: str | None = None) -> None:
        super().__init__(message, advice=advice)
        #: That contact's id, where the answer names it.
        self.member_id = member_id


class BatchRefused(ApiRefused):
    """Constant Contact refused a whole import."""


class AccessRefused(ApiError):
    """Constant Contact refused the access token, or there is none that could work."""


class TokenEnded(AccessRefused):
    """The access token has ended, and there is nothing to renew it with."""


class GrantEnded(AccessRefused):
    """The refresh token is no longer good: somebody has to give access anew."""


class Untrusted(ApiError):
    """The other side can't prove that it is Constant Contact: nothing was sent."""


class Forbidden(ApiError):
    """The token may not do this: a scope or a user privilege is missing, or the application is off."""


class NotFound(ApiError):
    """Constant Contact does not have this."""


class ListGone(NotFound):
    """The list is no longer in the account."""


class DailyLimitReached(ApiError):
    """The API key's calls of this UTC day are spent."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message, advice="nothing to do: what is left is pushed after 00:00 UTC")


class EmbeddedPostgresError(ReconcilerError):
    """The embedded PostgreSQL could not be started."""
