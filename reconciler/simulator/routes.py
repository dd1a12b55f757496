"""Which method of the API a request means, by the provider's operationId."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from reconciler.simulator import api, definitions_api, single_writes
from reconciler.simulator.answers import Answer, Refused, error_list, missing

Handler = Callable[[api.Call], Answer]

UNKNOWN: Final = "unknown"
TOKEN_PATH: Final = "/oauth2/default/v1/token"  # noqa: S105 - a path
TOKEN: Final = "token"  # noqa: S105 - a name
DEVICE: Final = "device"
ACTIVATE: Final = "activate"
AUTHORIZE: Final = "authorize"
#: For a person's browser, whatever the method.
PAGES: Final = {"/activate": ACTIVATE, "/oauth2/default/v1/authorize": AUTHORIZE}
_OAUTH: Final = {("POST", TOKEN_PATH): TOKEN, ("POST", "/oauth2/default/v1/device/authorize"): DEVICE}


@dataclass(frozen=True)
class Route:
    """What a request means."""

    operation: str
    handler: Handler
    identifier: str = ""


def _not_served(_: api.Call) -> Answer:
    raise missing("The simulator does not serve this path.")


def _not_allowed(_: api.Call) -> Answer:
    raise Refused(error_list(405, "contacts.api.method_not_allowed", "The simulator does not serve this method."))


_SERVED: Final[tuple[tuple[str, str, str, Handler], ...]] = (
    ("GET", "/v3/account/summary", "getAccountById", api.account_summary),
    ("GET", "/v3/account/user/privileges", "getUserPrivileges", api.user_privileges),
    ("GET", "/v3/contact_custom_fields", "getCustomFields", api.custom_fields),
    ("GET", "/v3/contact_lists", "getLists", api.contact_lists),
    ("GET", "/v3/contact_lists/*", "getList", api.contact_list),
    ("GET", "/v3/contacts", "getContacts", api.contacts),
    ("GET", "/v3/contacts/counts", "countContact", api.contact_counts),
    ("GET", "/v3/contacts/*", "getContact", api.contact),
    ("GET", "/v3/activities", "getActivityStatusCollection", api.activities),
    ("GET", "/v3/activities/*", "getActivity", api.activity),
    ("POST", "/v3/activities/contacts_json_import", "bulkImportContactsJSON", api.import_contacts),
    ("POST", "/v3/activities/contact_exports", "postContactsExport", api.export_contacts),
    ("GET", "/v3/contact_exports/*", "getContactsExport", api.contact_export),
    ("POST", "/v3/contacts", "createContact", single_writes.create_contact),
    ("PUT", "/v3/contacts/*", "putContact", single_writes.put_contact),
    ("DELETE", "/v3/contacts/*", "deleteContact", single_writes.delete_contact),
    ("POST", "/v3/contacts/sign_up_form", "createOrUpdateContact", single_writes.sign_up),
    ("POST", "/v3/contact_lists", "createList", definitions_api.create_list),
    ("DELETE", "/v3/contact_lists/*", "deleteListActivity", definitions_api.delete_list_later),
    ("POST", "/v3/contact_custom_fields", "postCustomFields", definitions_api.create_custom_field),
    ("GET", "/v3/contact_custom_fields/*", "getCustomField", definitions_api.custom_field),
    ("DELETE", "/v3/contact_custom_fields/*", "deleteCustomField", definitions_api.delete_custom_field),
    ("GET", "/v3/contact_tags", "getTags", definitions_api.tags),
)

# Known by name and refused, so that a test can say that none of them was ever tried.
_REFUSED: Final = (
    ("PUT", "/v3/contacts/resubscribe/*", "resubscribeContact"),
    ("PUT", "/v3/contact_lists/*", "putList"),
    ("PUT", "/v3/contact_custom_fields/*", "putCustomField"),
    ("POST", "/v3/activities/contact_delete", "postContactDelete"),
    ("POST", "/v3/activities/contacts_file_import", "contactsCSVImport"),
    ("POST", "/v3/activities/add_list_memberships", "postListAddContact"),
    ("POST", "/v3/activities/remove_list_memberships", "postListRemoveContact"),
    ("POST", "/v3/activities/list_delete", "postListDelete"),
    ("POST", "/v3/activities/custom_fields_delete", "postCustomFieldDelete"),
    ("POST", "/v3/activities/contacts_taggings_add", "postTagAddContact"),
    ("POST", "/v3/activities/contacts_taggings_remove", "postTagRemoveContact"),
    ("POST", "/v3/activities/contacts_tags_delete", "postTagDelete"),
)

_HANDLERS: Final = {(method, path): (name, handler) for method, path, name, handler in _SERVED}
_NAMES: Final = {(method, path): name for method, path, name in _REFUSED}
#: Whatever a request can be called.
OPERATIONS: Final = tuple(
    dict.fromkeys((*(name for name, _ in _HANDLERS.values()), *_NAMES.values(), *_OAUTH.values(), UNKNOWN))
)
_PATHS: Final = frozenset(path for _, path, _, _ in _SERVED)


def find(method: str, path: str) -> Route:
    """Find what a request means; 405 awaits another method of a served path, 404 any other path."""
    if path in PAGES:
        return Route(PAGES[path], _not_served)
    if (method, path) in _OAUTH:
        return Route(_OAUTH[method, path], _not_served)
    parent, _, last = path.rpartition("/")
    for pattern, identifier in ((path, ""), (f"{parent}/*", last)):
        if identifier == "" or last:
            name, handler = _HANDLERS.get((method, pattern), (None, None))
            if name and handler:
                return Route(name, handler, identifier)
            if (method, pattern) in _NAMES:
                return Route(_NAMES[method, pattern], _refusal(pattern))
    known = path in _PATHS or f"{parent}/*" in _PATHS
    return Route(UNKNOWN, _not_allowed if known else _not_served)


def _refusal(pattern: str) -> Handler:
    return _not_allowed if pattern in _PATHS else _not_served
