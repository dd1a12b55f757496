"""Writes of one contact: POST /contacts, PUT and DELETE /contacts/{id}, and the sign-up form's create-or-update."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.simulator.answers import Answer, Refused, as_json, error_list, invalid, missing
from reconciler.simulator.bodies import Body
from reconciler.simulator.changes import filled
from reconciler.simulator.clock import stamp
from reconciler.simulator.contact_bodies import ContactReader, Sent, SentEmail
from reconciler.simulator.contacts import SUBRESOURCES, Contact, EmailAddress, Note, Phone, StreetAddress
from reconciler.simulator.identifiers import is_uuid
from reconciler.simulator.membership import deleted, joined
from reconciler.simulator.state import Account, new_email, opted_out, permitted

if TYPE_CHECKING:
    from reconciler.simulator.api import Call

_CREATED = 201


def create_contact(call: Call) -> Answer:
    """POST /contacts: 409 with the id where the address is known, a deleted contact's too (COMM/342569)."""
    call.query()
    sent = ContactReader(call.account).whole(Body.of(call.request), "create_source")
    if not (sent.email or sent.details.get("first_name") or sent.details.get("last_name")):
        raise invalid("one of email_address, first_name, last_name is missing")
    if sent.email:
        _refuse_taken(call.account, sent.email.address, None)
        call.account.abuse.spend(sent.email.address, call.now, call.account.switches)
    when = stamp(call.now)
    contact = Contact(call.account.identifiers.uuid(), None, when, when, create_source=sent.source)
    return _answered(call, _written(contact, sent, call.account, when), _CREATED)


def put_contact(call: Call) -> Answer:
    """PUT /contacts/{contact_id}: what is left out becomes null, sub-resources apart; it revives the deleted."""
    call.query()
    contact = _found(call)
    sent = ContactReader(call.account).whole(Body.of(call.request), "update_source")
    if contact.deleted_at and sent.source != "Account":
        raise invalid("update_source must be Account to restore a deleted contact")
    if sent.email:
        _refuse_taken(call.account, sent.email.address, contact)
        call.account.abuse.spend(sent.email.address, call.now, call.account.switches)
    return _answered(call, _written(contact, sent, call.account, stamp(call.now)), 200)


def sign_up(call: Call) -> Answer:
    """POST /contacts/sign_up_form: it subscribes the unsubscribed again, revives the deleted, and removes nothing."""
    call.query()
    form = ContactReader(call.account).form(Body.of(call.request))
    account, when = call.account, stamp(call.now)
    account.abuse.spend(form.address, call.now, account.switches)
    known = account.live.by_address(form.address)
    contact = known or Contact(account.identifiers.uuid(), None, when, when, create_source="Contact")
    contact = replace(contact, deleted_at=None, email=_signed_up(contact.email, form.address, account, when))
    contact = joined(account.editor.changed(contact, form.change, when), form.lists, account, when)
    account.store(replace(contact, updated_at=when, update_source="Contact"), call.now)
    action = "updated" if known else "created"
    return as_json({"contact_id": contact.contact_id, "action": action}, 200 if known else _CREATED)


def _signed_up(email: EmailAddress | None, address: str, account: Account, when: str) -> EmailAddress:
    if email is not None:
        return permitted(email, "explicit", "Contact", when)
    permission = "pending_confirmation" if account.switches.confirmed_opt_in else "explicit"
    return permitted(new_email(address, permission, when), permission, "Contact", when)


def delete_contact(call: Call) -> Answer:
    """DELETE /contacts/{contact_id}: off every list, marked, still there."""
    call.query()
    contact = _found(call)
    if not contact.deleted_at:
        call.account.store(deleted(contact, call.account, stamp(call.now)), call.now)
    return Answer(204)


def _found(call: Call) -> Contact:
    if not is_uuid(call.identifier):
        raise invalid("contact_id is in an invalid format.")
    found = call.account.live.contacts.get(call.identifier.lower())
    if found is None:
        raise missing("The contact was not found.")
    return found


def _answered(call: Call, contact: Contact, status: int) -> Answer:
    call.account.store(contact, call.now)
    return as_json(contact.shown(SUBRESOURCES), status)


def _refuse_taken(account: Account, address: str, own: Contact | None) -> None:
    other = account.live.by_address(address)
    if other and (own is None or other.contact_id != own.contact_id):
        words = f"Validation failed: Email already exists for contact {other.contact_id}"
        raise Refused(error_list(409, "contacts.api.conflict", words))


def _written(contact: Contact, sent: Sent, account: Account, when: str) -> Contact:
    """Make the contact what a POST or PUT says; sub-resources that are sent replace the whole set, with new ids."""
    editor = account.editor
    fields = {name: editor.detail(name, value) for name, value in sent.details.items()}
    return replace(
        contact, details=fields, email=_email(contact.email, sent, account, when), deleted_at=None,
        updated_at=when, update_source=sent.source,
        phones=contact.phones if sent.phones is None else _phones(sent, account, when),
        addresses=contact.addresses if sent.addresses is None else _addresses(sent, account, when),
        custom=contact.custom if sent.custom is None else filled(sent.custom),
        lists=contact.lists if sent.lists is None else sent.lists,
        taggings=contact.taggings if sent.taggings is None else sent.taggings,
        notes=contact.notes if sent.notes is None else _notes(sent, account, when),
    )  # fmt: skip


def _email(before: EmailAddress | None, sent: Sent, account: Account, when: str) -> EmailAddress | None:
    if sent.email is None:
        return before if account.switches.put_without_email == "kept" else None
    if before is None:
        first = EmailAddress(sent.email.address, "not_set", when, when)
        return _permitted(first, replace(sent.email, permission=sent.email.permission or "implicit"), sent.source, when)
    email = _permitted(before, sent.email, sent.source, when)
    return email if email.address == sent.email.address else replace(email, address=sent.email.address, updated_at=when)


def _permitted(before: EmailAddress, sent: SentEmail, source: str, when: str) -> EmailAddress:
    """Give the permission that is sent, if it is another; nobody but the contact takes back an unsubscribe."""
    if sent.permission in {None, before.permission}:
        return before
    if before.permission == "unsubscribed":
        raise invalid("email_address permission_to_send can't be changed, the contact is unsubscribed")
    if sent.permission == "unsubscribed":
        return opted_out(before, source, sent.reason, when)
    return permitted(before, str(sent.permission), source, when)


def _phones(sent: Sent, account: Account, when: str) -> tuple[Phone, ...]:
    new, number = account.identifiers.uuid, account.editor.number
    return tuple(Phone(new(), kind, number(each), when, when) for kind, each in (sent.phones or {}).items())


def _addresses(sent: Sent, account: Account, when: str) -> tuple[StreetAddress, ...]:
    new, spelt = account.identifiers.uuid, account.editor.parts
    return tuple(StreetAddress(new(), kind, spelt(each), when, when) for kind, each in (sent.addresses or {}).items())


def _notes(sent: Sent, account: Account, when: str) -> tuple[Note, ...]:
    new = account.identifiers.uuid
    return tuple(Note(each.note_id or new(), each.content, each.created_at or when) for each in sent.notes or ())
