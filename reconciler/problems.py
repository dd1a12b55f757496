"""The catalogue of problems: by code, what it means, who acts, and what there is to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Entry:
    """One problem's code, explained. `who` is crm, admin, nobody or constant_contact."""

    who: str
    meaning: str
    action: str


CATALOGUE: Final[dict[str, Entry]] = {
    "invalid": Entry("crm", "the e-mail address can't be used", "correct the address in the CRM"),
    "duplicate": Entry(
        "crm", "several contacts share an address; one of them is synced", "merge them in the CRM, or leave it"
    ),
    "field_refused": Entry(
        "crm",
        "a field was left out or not taken; the person is on the list all the same",
        "correct the field in the CRM",
    ),
    "needs_single_write": Entry(
        "crm",
        "an address of 51 to 80 characters can't go by a bulk import",
        "take a shorter address; or, with explicit permission, `reconciler set NAME create_singly=yes`",
    ),
    "too_many_lists": Entry(
        "admin",
        "the contact is on 50 lists already, as many as Constant Contact allows",
        "take them off a list in Constant Contact; the daily full comparison, or `--full`, tries again",
    ),
    "refused_singly": Entry(
        "admin",
        "Constant Contact refused the call that writes this one contact",
        "read its words in the row; correct the contact in the CRM to have it tried again",
    ),
    "not_taken_yet": Entry(
        "nobody",
        "an import did not take this field; a call of its own tries once more",
        "nothing: the next run does",
    ),
    "singles_spent": Entry(
        "nobody",
        "the day's calls about one contact each are spent",
        "nothing: what is left goes on the next days, people before fields",
    ),
    "permission_changed": Entry(
        "admin",
        "after a write of ours a contact showed another permission, or other lists, tags or notes",
        "compare the contact in Constant Contact with the row, and tell us",
    ),
    "refused_by_import": Entry(
        "admin",
        "Constant Contact took the import but not this contact, and gives no reason by contact",
        "look at the contact in Constant Contact; correct it in the CRM to have it tried again",
    ),
    "refused_in_import": Entry(
        "crm",
        "Constant Contact refuses every import that has this contact in it",
        "read its words in the row; correct the contact in the CRM to have it tried again, or `reconciler retry NAME`",
    ),
    "not_tried_yet": Entry(
        "nobody",
        "an import was refused, and the calls to find out for whom were spent",
        "nothing: the next run goes on looking",
    ),
    "not_taken": Entry(
        "admin",
        "the import ended well, but the list does not show this contact",
        "look for the contact in Constant Contact",
    ),
    "rejected": Entry("admin", "refused before, and unchanged since", "correct the contact in the CRM"),
    "batch_refused": Entry(
        "admin", "Constant Contact refused a whole import", "read the message; it usually names a field of the mapping"
    ),
    "not_yet_seen": Entry("nobody", "sent, and not yet shown by Constant Contact", "nothing: the next run looks again"),
    "still_running": Entry("nobody", "the import is still running", "nothing: the next run looks again"),
    "stuck": Entry(
        "constant_contact",
        "an import has been running for more than 6 hours",
        "look at the activities in Constant Contact and cancel it there; what was in it goes when it has ended",
    ),
    "unanswered": Entry(
        "nobody", "no answer came to an import", "nothing: it is looked for before anything is sent again"
    ),
    "not_arrived": Entry("nobody", "an import never arrived", "nothing: it is sent again"),
    "abandoned": Entry("nobody", "a run died before it had sent this", "nothing: the next run finds it again"),
    "import_failed": Entry("constant_contact", "an import ended without having been done", "nothing: it is sent again"),
    "unavailable": Entry(
        "constant_contact", "Constant Contact is down or can't be reached", "nothing: it is tried again"
    ),
    "throttled": Entry(
        "nobody",
        "Constant Contact says that the API key asks too often",
        "nothing: all runs of the key go slower; if it stays so, another program uses the same key",
    ),
    "queue_full": Entry(
        "nobody",
        "the account has as many bulk activities queued as it may (1,000)",
        "nothing: what is left goes when the queue is shorter",
    ),
    "quota": Entry("nobody", "the day's calls are spent", "nothing: what is left goes after 00:00 UTC"),
    "membership_unclear": Entry(
        "nobody",
        "missing from a reading of the list; nothing is sent until it is certain",
        "nothing: minutes settle it",
    ),
    "address_taken": Entry(
        "nobody",
        "the address still belongs to a contact that has another one now",
        "nothing: it is decided anew when the other one has moved",
    ),
    "moved": Entry("nobody", "the contact changed while the run went on", "nothing: the next run decides it anew"),
    "unsubscribed": Entry("nobody", "unsubscribed at Constant Contact", "nothing: only they can come back"),
    "left_list": Entry("nobody", "left this list", "nothing: nobody who left is put back"),
    "deleted_there": Entry("nobody", "deleted in Constant Contact by the list's owner", "nothing"),
    "not_mailable": Entry("nobody", "Constant Contact does not let them be mailed", "nothing"),
    "opted_out": Entry("nobody", "opted out in the CRM", "nothing"),
    "out_of_scope": Entry("nobody", "not eligible, or gone from the CRM", "nothing"),
    "forgotten": Entry("nobody", "erased by `reconciler forget`", "nothing: who was forgotten stays off"),
    "no_email": Entry("crm", "has no e-mail address", "nothing, or add one in the CRM"),
    "flapping": Entry(
        "admin",
        "written again and again: somebody or something changes the value back each time",
        "find what else writes this field, in Constant Contact or in the CRM, and let one of them have it",
    ),
    "unbalanced": Entry("admin", "a sum of the report does not meet", "look at the report's balances and tell us"),
    "token_refused": Entry(
        "admin", "Constant Contact refused the access token", "connect again: `reconciler connect NAME`"
    ),
    "token_ended": Entry(
        "admin",
        "the access token has ended, and there is nothing to renew it with",
        "connect again: `reconciler connect NAME`",
    ),
    "grant_ended": Entry(
        "admin",
        "the refresh token is no longer good: access was taken back, or nobody used it for 180 days",
        "connect again: `reconciler connect NAME`",
    ),
    "untrusted": Entry(
        "admin",
        "the other side can't prove that it is Constant Contact; nothing was sent",
        "look at proxies in between, and at this machine's clock and certificates; then `reconciler run NAME`",
    ),
    "forbidden": Entry(
        "admin",
        "the token may not do this: a scope or a privilege is missing, or the application is off",
        "the message says which, where Constant Contact does; then `reconciler run NAME`",
    ),
    "list_gone": Entry(
        "admin",
        "the list is no longer in the account",
        "make it anew and connect with --switch-list, or disconnect",
    ),
    "not_found": Entry(
        "admin",
        "Constant Contact does not have something that every account has",
        "`reconciler run NAME`; if that does not help, look at RECONCILER_API_URL and status.constantcontact.com",
    ),
    "refused": Entry(
        "admin",
        "Constant Contact refused a request for good",
        "read the report's message; `reconciler run NAME` tries again",
    ),
    "statement": Entry(
        "admin", "the CRM statement can't be used", "correct it, and connect again with --contacts-sql FILE"
    ),
    "schema_changed": Entry(
        "admin",
        "the columns of the CRM statement, or their types, have changed",
        "if that is meant, `reconciler crm accept NAME`; else repair the CRM, and it goes on by itself",
    ),
    "source_shrunk": Entry(
        "admin",
        "the CRM statement returned no contact, or less than half of last time",
        "repair the CRM, and it goes on by itself; if it is right so, `reconciler approve RUN_ID`",
    ),
    "guard": Entry(
        "admin",
        "the plan changes more than the guards let through at once",
        "if it is right so, `reconciler approve RUN_ID`; else repair the CRM, and it goes on by itself",
    ),
    "other_crm": Entry(
        "admin",
        "this is another CRM than the one that was read before; it may be a copy",
        "`reconciler resume NAME` if this is the real one",
    ),
    "other_ledger": Entry(
        "admin",
        "this is another ledger than the one that was used before; it may be a copy",
        "`reconciler resume NAME` if this is the real one",
    ),
    "crm": Entry("admin", "the CRM can't be read", "read the report's message; the next run tries again"),
    "only_if": Entry(
        "nobody", "the plan is not the one that was demanded", "look with `reconciler plan NAME`, and demand that one"
    ),
    "lease_lost": Entry(
        "nobody",
        "another run took over because this one did not move, or somebody paused, disconnected or forced a full resync",
        "nothing: the other run does it, or somebody meant it",
    ),
    "interrupted": Entry("nobody", "stopped by a signal or by hand", "nothing: the next run goes on"),
    "unforeseen": Entry(
        "admin",
        "a mistake in the reconciler",
        "run it again with RECONCILER_LOG_LEVEL=debug and send us what it prints; nothing is lost",
    ),
    "held": Entry("admin", "the run is held until somebody acts", "read the report's message"),
    "disconnected": Entry("admin", "there is no token that works", "connect again: `reconciler connect NAME`"),
    "failed": Entry("admin", "the run could not be done", "read the report's message"),
    "observed": Entry("nobody", "only observed: nothing is pushed", "`reconciler start NAME` when it is time"),
    "read_only": Entry("nobody", "RECONCILER_READ_ONLY is set: nothing is pushed", "unset it when it is time"),
    "not_started": Entry("admin", "not started yet: nothing is pushed", "`reconciler start NAME`"),
    "shown_differently": Entry("nobody", "Constant Contact shows the value in its own way", "nothing"),
}

#: Skips that need nobody are no problems; they are told by the counts.
QUIET: Final = frozenset(
    {
        "unsubscribed",
        "left_list",
        "deleted_there",
        "not_mailable",
        "opted_out",
        "out_of_scope",
        "forgotten",
        "no_email",
        "observed",
        "read_only",
        "not_started",
        "shown_differently",
    }
)
