"""What people do by hand: the list's owner in the product, the contact in a mail's footer. Tests ask for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from reconciler.simulator.clock import stamp
from reconciler.simulator.contacts import PERMISSIONS, SUBRESOURCES, Contact, Note
from reconciler.simulator.membership import deleted, joined, left
from reconciler.simulator.people import new_people
from reconciler.simulator.rows import RowReader
from reconciler.simulator.state import Account, new_email, opted_out

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reconciler.simulator.answers import JsonObject


@dataclass(frozen=True)
class Owner:
    """Does to contacts what the side door is told; ValueError where that can't be done."""

    account: Account
    now: float

    def act(self, body: JsonObject) -> dict[str, object]:
        """Do what `action` says, and show the contact as it is then."""
        action = str(body.get("action"))
        if action == "bulk_create":
            return {"contact_ids": [contact.contact_id for contact in self._create_many(body)]}
        if action == "create":
            return _shown(self._create(body))
        if action not in ACTIONS:
            raise ValueError(f"action is one of create, bulk_create, {', '.join(ACTIONS)}, not {action!r}")
        contact = self._found(body)
        after = ACTIONS[action](self, contact, body)
        return _shown(self.account.store(after, self.now))

    @property
    def when(self) -> str:
        """Say the time as the API shows it."""
        return stamp(self.now)

    def _found(self, body: JsonObject) -> Contact:
        live = self.account.live
        found = live.contacts.get(str(body.get("contact_id"))) or live.by_address(str(body.get("email", "")))
        if found is None:
            raise ValueError(f"no contact {body.get('email') or body.get('contact_id')!r}")
        return found

    def _create(self, body: JsonObject) -> Contact:
        address, permission = body.get("email"), str(body.get("permission", "implicit"))
        if permission not in PERMISSIONS:
            raise ValueError(f"permission is one of {', '.join(PERMISSIONS)}, not {permission!r}")
        if address is not None and self.account.live.by_address(str(address)):
            raise ValueError(f"{address} is there already")
        lists = (self._list_id(body),) if body.get("list_id") else ()
        change = self._reader().read(self._fields(body))
        return self.account.create(str(address) if address else None, change, lists, permission, self.now)

    def _create_many(self, body: JsonObject) -> list[Contact]:
        rest = {name: body[name] for name in ("list_id", "permission") if name in body}
        each, count = body.get("contacts"), body.get("count", 0)
        if isinstance(each, list):
            return [self._create(rest | one) for one in each]
        rows = list(new_people(self.account, count if isinstance(count, int) else 0))
        return [self._create(rest | {"email": row["email"], "fields": row}) for row in rows]

    def change(self, contact: Contact, body: JsonObject) -> Contact:
        """Change fields, the address or the permission; a blank clears a field."""
        after = self.account.editor.changed(contact, self._reader().read(self._fields(body)), self.when)
        email = after.email
        if "new_email" in body:
            address = self.account.spelt(str(body["new_email"]))
            email = replace(email, address=address, updated_at=self.when) if email else None
            email = email or new_email(address, "implicit", self.when)
        if "permission" in body and email:
            email = replace(new_email(email.address, str(body["permission"]), self.when), created_at=email.created_at)
        return after if email == after.email else replace(after, email=email, updated_at=self.when)

    def unsubscribe(self, contact: Contact, body: JsonObject) -> Contact:
        """Opt out of everything; the lists stay as they are, and so does updated_at."""
        if contact.email is None:
            raise ValueError("this contact has no address")
        reason = str(body["reason"]) if "reason" in body else None
        return replace(contact, email=opted_out(contact.email, str(body.get("source", "Contact")), reason, self.when))

    def join_list(self, contact: Contact, body: JsonObject) -> Contact:
        """Join a list."""
        return joined(contact, (self._list_id(body),), self.account, self.when)

    def leave_list(self, contact: Contact, body: JsonObject) -> Contact:
        """Leave a list, and stay a contact."""
        return left(contact, self._list_id(body), self.account, self.when)

    def delete(self, contact: Contact, _: JsonObject) -> Contact:
        """Delete."""
        return deleted(contact, self.account, self.when)

    def tag(self, contact: Contact, body: JsonObject) -> Contact:
        """Give a tag."""
        tag_id = str(body.get("tag_id"))
        if tag_id not in self.account.tags:
            raise ValueError(f"no tag {tag_id!r}")
        return replace(contact, taggings=tuple(dict.fromkeys((*contact.taggings, tag_id))))

    def note(self, contact: Contact, body: JsonObject) -> Contact:
        """Write a note."""
        note = Note(self.account.identifiers.uuid(), str(body.get("content", "")), self.when)
        return replace(contact, notes=(note, *contact.notes))

    def _list_id(self, body: JsonObject) -> str:
        found = self.account.lists.get(str(body.get("list_id")))
        if found is None:
            raise ValueError(f"no list {body.get('list_id')!r}")
        return found.list_id

    def _fields(self, body: JsonObject) -> Mapping[str, object]:
        fields = body.get("fields") or {}
        if not isinstance(fields, dict):
            raise ValueError("fields is an object, with the keys of an import's rows")  # noqa: TRY004 - a wrong value to whoever sent it
        return fields

    def _reader(self) -> RowReader:
        return RowReader(self.account.custom_field_ids(), blank_clears=True)


ACTIONS: Final[Mapping[str, Callable[[Owner, Contact, JsonObject], Contact]]] = {
    "change": Owner.change,
    "unsubscribe": Owner.unsubscribe,
    "join_list": Owner.join_list,
    "leave_list": Owner.leave_list,
    "delete": Owner.delete,
    "tag": Owner.tag,
    "note": Owner.note,
}


def _shown(contact: Contact) -> dict[str, object]:
    return {"contact": contact.shown(SUBRESOURCES)}
