"""Reads lists, members and activities; writes by bulk imports and single contacts. No code removes anybody."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reconciler.constant_contact import answers, exports, wire
from reconciler.constant_contact.columns import columns_of
from reconciler.constant_contact.whole import INCLUDE, Whole
from reconciler.domain import Status
from reconciler.errors import ApiRefused, ApiUnavailable, ListGone, NotFound, OutcomeUnknown, TooLarge

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Collection, Iterator, Sequence

    import httpx

    from reconciler.constant_contact.calls import Calls
    from reconciler.constant_contact.packed import Packed
    from reconciler.domain import Member

PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class Page:
    """One page of members, and Constant Contact's clock when it was answered."""

    members: Sequence[Member]
    answered_at: dt.datetime
    #: How many there are on all pages, where that was asked for and is told.
    total: int | None = None


class ConstantContact:
    """One account's API, behind its budget."""

    def __init__(self, calls: Calls, fold: Callable[[str], str]) -> None:
        self._calls = calls
        self._fold = fold
        # The second lock: who was last seen as not mailable is never written to, whatever a plan says.
        self._off: set[bytes] = set()
        # Of them, who was deleted and had never unsubscribed: a plan may name them to be let back in.
        self._deleted: set[bytes] = set()

    @property
    def calls(self) -> dict[str, int]:
        """Requests made so far, by the provider's operationId."""
        return self._calls.made

    def close(self) -> None:
        self._calls.close()

    def account(self) -> wire.AccountFound:
        return wire.account(self._calls.get("getAccountById", "/account/summary"))

    def lists(self) -> list[wire.ListFound]:
        """The account's e-mail lists with their numbers of mailable members."""
        query = {"limit": "1000", "include_membership_count": "active"}
        pages = self._calls.pages("getLists", "/contact_lists", query, "lists")
        return [wire.contact_list(found) for page, *_ in pages for found in page]

    def contact_list(self, list_id: str) -> wire.ListFound:
        """One list with its number of mailable members. Raises ListGone."""
        return self._list(list_id, "active")

    def list_size(self, list_id: str) -> int:
        """How many people are on a list, the unsubscribed and other not mailable too."""
        return self._list(list_id, "all").members

    def custom_fields(self) -> dict[str, wire.CustomField]:
        """The account's custom fields by name."""
        pages = self._calls.pages("getCustomFields", "/contact_custom_fields", {"limit": "100"}, "custom_fields")
        return dict(wire.custom_field(item) for page, *_ in pages for item in page)

    def everybody(self, mapped: wire.Mapped) -> Iterator[Page]:
        """The whole account with who is on the list, the deleted and the unsubscribed too."""
        return self._members(mapped, status="all")

    def on_list(self, mapped: wire.Mapped, updated_after: dt.datetime | None = None) -> Iterator[Page]:
        """Who is on the list; the unsubscribed keep their membership, so `status=all`.

        Of those who were updated since, each page says how many there are.
        """
        since = {} if updated_after is None else {"updated_after": wire.stamp(updated_after), "include_count": "true"}
        return self._members(mapped, lists=mapped.list_id, status="all", **since)

    def opted_out(self, mapped: wire.Mapped, since: dt.datetime) -> Iterator[Page]:
        """Who unsubscribed since: `updated_after` misses them (seen in Constant Contact's forum, thread 422146)."""
        return self._members(mapped, status="unsubscribed", optout_after=wire.stamp(since))

    def not_mailable(self, mapped: wire.Mapped, since: dt.datetime) -> Iterator[Page]:
        """Who may not be mailed for another reason, or was deleted, as far as `updated_at` tells."""
        status = "deleted,not_set,pending_confirmation,temp_hold"
        return self._members(mapped, status=status, updated_after=wire.stamp(since))

    def deleted(self, mapped: wire.Mapped) -> Iterator[Page]:
        """All who were deleted: whether deleting moves `updated_at` is not documented."""
        return self._members(mapped, status="deleted")

    def member(self, mapped: wire.Mapped, member_id: str) -> Member | None:
        """One member by id, seen without any index's lag; None where Constant Contact does not know the id."""
        try:
            found = self._calls.get("getContact", f"/contacts/{member_id}", {"include": mapped.include})
        except NotFound:
            return None
        return self._seen([wire.member(found, mapped)])[0]

    def member_by_address(self, mapped: wire.Mapped, address: str) -> Member | None:
        """One member by address, whatever its status."""
        query = {"email": address, "status": "all", "include": mapped.include, "limit": "1"}
        found = self._calls.items("getContacts", "/contacts", query, "contacts")
        return self._seen([wire.member(found[0], mapped)])[0] if found else None

    def whole(self, mapped: wire.Mapped, member_id: str) -> Whole | None:
        """One contact with all it has; None where Constant Contact does not know the id."""
        try:
            found = self._calls.get("getContact", f"/contacts/{member_id}", {"include": INCLUDE})
        except NotFound:
            return None
        return Whole(self._seen([wire.member(found, mapped)])[0], found)

    def replace(self, read: Whole, address: str, body: bytes) -> None:
        """Write back a contact that was just read, with what `whole.replacement` made of it.

        Raises Conflict where another contact has the address, OutcomeUnknown where no answer came.
        """
        self._refuse_those_off([read.member.address, address])
        self._calls.write("putContact", "PUT", f"/contacts/{read.member.member_id}", body)

    def create(self, address: str, body: bytes) -> str:
        """Create one contact with what `whole.creation` made; says its id.

        Raises Conflict where the account has it already, also deleted; OutcomeUnknown where no answer came.
        """
        self._refuse_those_off([address])
        return _id_of(self._calls.write("createContact", "POST", "/contacts", body), "contact_id")

    def start_import(self, list_id: str, rows: Sequence[tuple[str, bytes]], *, let_in: Collection[str] = ()) -> str:
        """Send one bulk import of (address, row); says the activity's id.

        `let_in`: the addresses that may be sent although they were last seen as deleted; it opens nothing for who
        unsubscribed or is not mailable.
        Raises OutcomeUnknown where no answer, or none that can be read, came: it may have been accepted.
        """
        self._refuse_those_off([address for address, _ in rows], let_in)
        body = wire.import_body([row for _, row in rows], list_id)
        return _id_of(
            self._calls.write("bulkImportContactsJSON", "POST", "/activities/contacts_json_import", body), "activity_id"
        )

    def activities(self) -> list[wire.Activity]:
        """The account's recent bulk activities; one call for all that are being waited for."""
        query = {"limit": str(PAGE)}
        found = self._calls.items("getActivityStatusCollection", "/activities", query, "activities")
        return [wire.activity(item) for item in found]

    def activity(self, activity_id: str) -> wire.Activity:
        """One activity. Raises NotFound: they are kept for ten days."""
        found = wire.activity(self._calls.get("getActivity", f"/activities/{activity_id}"))
        if found.activity_id != activity_id:
            raise ApiUnavailable("Constant Contact answered with another activity than the one it was asked for")
        return found

    def start_export(self, list_id: str, *, mailable: bool = False) -> str:
        """Ask for an export of who is on the list, or of the mailable on it; says the activity's id."""
        body = exports.request(list_id, mailable=mailable)
        answer = self._calls.write("postContactsExport", "POST", "/activities/contact_exports", body)
        return _id_of(answer, "activity_id")

    def exported(self, activity: wire.Activity) -> exports.Ids | None:
        """The contact ids of a finished export; None where it is gone, too large or not understood."""
        file = self._file(activity)
        return None if file is None else exports.contact_ids(file.lines)

    def exported_members(
        self, activity: wire.Activity, mapped: wire.Mapped, known: Sequence[Member]
    ) -> Iterator[Member | None] | None:
        """The people of a finished export of the mailable, by what its columns show of those `known`.

        None where it is gone, too large or not understood, and in the place of each who is not shown clearly. Their
        status is not told: it stands as `implicit`, and they stay with the second lock as they were.
        """
        file = self._file(activity)
        columns = None if file is None else columns_of(file.lines(), known, mapped)
        return None if file is None or columns is None else columns.members(file.lines(), mapped)

    def now(self) -> dt.datetime | None:
        """Constant Contact's clock at the last read."""
        return self._calls.answered_at

    def _file(self, activity: wire.Activity) -> Packed | None:
        try:
            return self._calls.file("getContactsExport", activity.results)
        except (NotFound, TooLarge):
            return None

    def _list(self, list_id: str, counted: str) -> wire.ListFound:
        try:
            found = self._calls.get("getList", f"/contact_lists/{list_id}", {"include_membership_count": counted})
        except NotFound as error:
            raise ListGone(
                f"the list is no longer in the account: {error}",
                advice="make it anew and connect with --switch-list, or disconnect",
            ) from error
        return wire.contact_list(found)

    def _members(self, mapped: wire.Mapped, **query: str) -> Iterator[Page]:
        asked = {**query, "include": mapped.include, "limit": str(PAGE)}
        for page, answered_at, total in self._calls.pages("getContacts", "/contacts", asked, "contacts"):
            yield Page(self._seen([wire.member(found, mapped) for found in page]), answered_at, total)

    def _seen(self, members: list[Member]) -> list[Member]:
        for member in members:
            if not member.address:
                continue
            key = self._key(member.address)
            self._deleted.discard(key)
            if member.status.is_mailable:
                self._off.discard(key)
                continue
            self._off.add(key)
            if member.status is Status.DELETED and member.opted_out_at is None:
                self._deleted.add(key)
        return members

    def _refuse_those_off(self, addresses: Sequence[str], let_in: Collection[str] = ()) -> None:
        shut = self._off - (self._deleted & {self._key(address) for address in let_in})
        if off := sum(self._key(address) in shut for address in addresses):
            raise ApiRefused(f"{off} of {len(addresses)} contacts of a write are not mailable: nothing was sent")

    def _key(self, address: str) -> bytes:
        return hashlib.blake2b(self._fold(address).encode(), digest_size=12).digest()


def _id_of(answer: httpx.Response, name: str) -> str:
    """The id of what a write made. Raises OutcomeUnknown where it can't be read."""
    try:
        return str(uuid.UUID(answers.body(answer)[name]))
    except (ApiUnavailable, KeyError, TypeError, ValueError, AttributeError) as error:
        raise OutcomeUnknown(f"a write was accepted, but its {name} can't be read") from error
