"""The API's methods: each takes a call and answers it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reconciler.simulator import exports, imports
from reconciler.simulator.activities import FILTERS, Activity
from reconciler.simulator.answers import Answer, Request, as_json, invalid, missing
from reconciler.simulator.clock import DAY_SECONDS, stamp
from reconciler.simulator.identifiers import is_uuid
from reconciler.simulator.paging import Query, read_query
from reconciler.simulator.permissions import names
from reconciler.simulator.search import LIMIT_MOST, PARAMETERS, read_include, read_search

if TYPE_CHECKING:
    from reconciler.simulator.definitions import ContactList
    from reconciler.simulator.state import Account

LISTS_MOST: Final = 1_000
CUSTOM_FIELDS_MOST: Final = 100
ACTIVITIES_MOST: Final = 500
NEW_SECONDS: Final = 30 * DAY_SECONDS


@dataclass(frozen=True)
class Call:
    """One request, with what it is about."""

    account: Account
    now: float
    request: Request
    identifier: str = ""
    """The one in the path, if there is one."""

    def query(self, *allowed: str) -> Query:
        """Read the query string."""
        return read_query(self.request.query, allowed)


def account_summary(call: Call) -> Answer:
    """GET /account/summary."""
    extra = call.query("extra_fields").texts("extra_fields", ("physical_address", "company_logo"))
    address = {
        "address_line1": "1 Example Street",
        "city": "Exampletown",
        "state_code": "MA",
        "country_code": "US",
    }
    return as_json({**call.account.summary, **({"physical_address": address} if "physical_address" in extra else {})})


def user_privileges(call: Call) -> Answer:
    """GET /account/user/privileges."""
    call.query()
    return as_json(
        [
            {"privilege_id": at, "privilege_name": name}
            for at, name in enumerate(names(call.account.switches.privileges), start=1)
        ]
    )


def custom_fields(call: Call) -> Answer:
    """GET /contact_custom_fields."""
    fields = list(call.account.custom_fields.values())
    page, links = call.query("limit").cut(fields, "/v3/contact_custom_fields", CUSTOM_FIELDS_MOST)
    return as_json({"custom_fields": [field.shown() for field in page], "_links": links})


def contact_counts(call: Call) -> Answer:
    """GET /contacts/counts."""
    include = call.query("include").texts("include", ("new_subscriber", "new_subscribers"))
    living = [each for each in call.account.live.contacts.values() if not each.deleted_at]
    permissions = Counter(each.email.permission for each in living if each.email)
    counts = {name: permissions[name] for name in ("explicit", "implicit", "unsubscribed")}
    counts |= {"total": len(living), "pending": permissions["pending_confirmation"]}
    if include:
        since = stamp(call.now - NEW_SECONDS)
        counts["new_subscriber"] = sum(each.status == "active" and each.created_at >= since for each in living)
    return as_json(counts)


def contact_lists(call: Call) -> Answer:
    """GET /contact_lists."""
    query = call.query(
        "limit", "include_count", "include_membership_count", "name", "status", "channel_type",
        "include_sms_membership_count",
    )  # fmt: skip
    lists = _chosen_lists(call.account, query)
    page, links = query.cut(lists, "/v3/contact_lists", LISTS_MOST)
    shown: dict[str, object] = {"lists": [_shown_list(call.account, each, query) for each in page]}
    return as_json(shown | ({"lists_count": len(lists)} if query.flag("include_count") else {}) | {"_links": links})


def contact_list(call: Call) -> Answer:
    """GET /contact_lists/{list_id}."""
    query = call.query("include_membership_count")
    found = call.account.open_list(call.identifier)
    if found is None:
        raise missing("The contact list was not found.")
    return as_json(_shown_list(call.account, found, query))


def _chosen_lists(account: Account, query: Query) -> list[ContactList]:
    statuses = query.texts("status", ("all", "active", "deleted"), "active")
    if query.texts("channel_type", ("email", "sms"), "email") == ("sms",):
        return []
    lists = account.lists.values()
    return [
        each for each in lists
        if ("all" in statuses or ("deleted" if each.deleted_at else "active") in statuses)
        and query.text("name") in {None, each.name}
    ]  # fmt: skip


def _shown_list(account: Account, each: ContactList, query: Query) -> dict[str, object]:
    counted = query.texts("include_membership_count", ("all", "active"))
    if not counted:
        return each.shown()
    return each.shown() | {"membership_count": account.members(each.list_id, mailable=counted == ("active",))}


def contacts(call: Call) -> Answer:
    """GET /contacts."""
    query = call.query(*PARAMETERS)
    include, search = read_include(query), read_search(query, call.account.switches)
    found = search.run(call.account)
    page, links = query.cut(found, "/v3/contacts", LIMIT_MOST)
    shown: dict[str, object] = {"contacts": [contact.shown(include) for contact in page]}
    counted = {"contacts_count": len(found)} if query.flag("include_count") else {}
    return as_json(shown | counted | {"_links": links})


def contact(call: Call) -> Answer:
    """GET /contacts/{contact_id}: at once as it is, and the deleted too."""
    query = call.query("include")
    if not is_uuid(call.identifier):
        raise invalid("contact_id is in an invalid format.")
    found = call.account.live.contacts.get(call.identifier.lower())
    if found is None:
        raise missing("The contact was not found.")
    return as_json(found.shown(read_include(query)))


def import_contacts(call: Call) -> Answer:
    """POST /activities/contacts_json_import."""
    wanted = imports.read(call.request, call.account, call.now)
    activity = call.account.start(
        wanted.rows, call.now, lambda at: imports.apply(call.account, wanted, at)
    )  # fmt: skip
    return as_json(activity.shown(call.now), 201)


def export_contacts(call: Call) -> Answer:
    """POST /activities/contact_exports."""
    wanted = exports.read(call.request, call.account)
    rows = len(call.account.live.contacts)
    activity = call.account.start(rows, call.now, lambda _: exports.write(call.account, wanted), export=True)
    return as_json(activity.shown(call.now), 201)


def contact_export(call: Call) -> Answer:
    """GET /contact_exports/{file_export_id}."""
    outcome = _activity(call).outcome
    if outcome is None or outcome.file is None:
        raise missing("The exported file was not found.")
    return Answer(200, outcome.file, "text/csv")


def activities(call: Call) -> Answer:
    """GET /activities: those of the last ten days, the newest first."""
    query = call.query("limit", "state")
    states = query.texts("state", FILTERS)
    kept = [each for each in call.account.activities.kept(call.now) if not states or each.state(call.now) in states]
    page, links = query.cut(kept, "/v3/activities", ACTIVITIES_MOST)
    return as_json({"activities": [each.shown(call.now) for each in page], "_links": links})


def activity(call: Call) -> Answer:
    """GET /activities/{activity_id}."""
    return as_json(_activity(call).shown(call.now))


def _activity(call: Call) -> Activity:
    found = call.account.activities.find(call.identifier, call.now)
    if found is None:
        raise missing("The activity was not found.")
    return found
