"""Writes of what an account defines for its contacts: lists and custom fields; and its tags, to be read."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from reconciler.simulator.activities import Outcome
from reconciler.simulator.answers import Answer, Refused, as_json, error_list, missing
from reconciler.simulator.bodies import Body
from reconciler.simulator.clock import stamp
from reconciler.simulator.membership import delete_list

if TYPE_CHECKING:
    from reconciler.simulator.api import Call
    from reconciler.simulator.definitions import CustomField

TYPES: Final = (
    "string", "date", "datetime", "single_select", "multi_select", "currency", "text_area", "number", "boolean",
)  # fmt: skip
CUSTOM_FIELDS_OF_ACCOUNT: Final = 100
TAGS_PAGE_MOST: Final = 500
_LABEL_MOST: Final = 50
_NAME_MOST: Final = 255
_LEGACY_DATE, _REAL_DATE = 1, 2


def create_list(call: Call) -> Answer:
    """POST /contact_lists: 409 where a list has that name."""
    call.query()
    body = Body.of(call.request)
    name = body.text("name", _NAME_MOST)
    if not name:
        body.wrong("name", "is missing")
    description = body.text("description", _NAME_MOST) or ""
    body.finish()
    if any(each.name == name and not each.deleted_at for each in call.account.lists.values()):
        raise _taken("A list with this name already exists.")
    favorite = body.sent.get("favorite") is True
    made = call.account.add_list(str(name), stamp(call.now), description, favorite=favorite)
    return as_json(made.shown(), 201)


def delete_list_later(call: Call) -> Answer:
    """DELETE /contact_lists/{list_id}: an activity does it; members lose the list and stay contacts."""
    call.query()
    if call.account.open_list(call.identifier) is None:
        raise missing("The contact list was not found.")

    def work(at: float) -> Outcome:
        delete_list(call.account, call.identifier, at)
        return Outcome({"items_total_count": 1, "items_completed_count": 1})

    activity = call.account.start(1, call.now, work)
    answer = as_json(activity.shown(call.now), 202)
    return replace(answer, headers={"Location": f"/v3/activities/{activity.activity_id}"})


def create_custom_field(call: Call) -> Answer:
    """POST /contact_custom_fields: 409 where a field has that label."""
    call.query()
    body, account = Body.of(call.request), call.account
    types = TYPES if account.switches.custom_field_types == "all" else TYPES[:2]
    label, type_ = body.text("label", _LABEL_MOST), body.choice("type", types, required=True)
    if not label:
        body.wrong("label", "is missing")
    if len(account.custom_fields) >= CUSTOM_FIELDS_OF_ACCOUNT:
        body.wrong("custom_fields", f"may be at most {CUSTOM_FIELDS_OF_ACCOUNT}")
    version = body.whole("version", _REAL_DATE) or _LEGACY_DATE
    body.finish()
    if any(each.label == label for each in account.custom_fields.values()):
        raise _taken("A custom field with this label already exists.")
    return as_json(account.add_custom_field(str(label), str(type_), stamp(call.now), version).shown(), 201)


def custom_field(call: Call) -> Answer:
    """GET /contact_custom_fields/{custom_field_id}."""
    call.query()
    return as_json(_custom_field(call).shown())


def delete_custom_field(call: Call) -> Answer:
    """DELETE /contact_custom_fields/{custom_field_id}: contacts lose its values."""
    call.query()
    account = call.account
    del account.custom_fields[_custom_field(call).name]
    for contact in list(account.live.contacts.values()):
        if call.identifier in contact.custom:
            rest = {key: value for key, value in contact.custom.items() if key != call.identifier}
            account.store(replace(contact, custom=rest), call.now)
    return Answer(204)


def _custom_field(call: Call) -> CustomField:
    found = [each for each in call.account.custom_fields.values() if each.custom_field_id == call.identifier]
    if not found:
        raise missing("The custom field was not found.")
    return found[0]


def tags(call: Call) -> Answer:
    """GET /contact_tags. The provider's cursor is a tag's id here; the simulator pages by number."""
    query = call.query("limit", "include_count")
    page, links = query.cut(list(call.account.tags.values()), "/v3/contact_tags", TAGS_PAGE_MOST)
    shown = [each.shown() for each in page]
    if query.flag("include_count"):
        for each in shown:
            each["contacts_count"] = _tagged(call, str(each["tag_id"]))
    return as_json({"tags": shown, "_links": links})


def _tagged(call: Call, tag_id: str) -> int:
    return sum(tag_id in each.taggings and not each.deleted_at for each in call.account.live.contacts.values())


def _taken(words: str) -> Refused:
    return Refused(error_list(409, "contacts.api.conflict", words))
