"""Which method of the API a request means, by the provider's operationId."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from reconciler.simulator import api
from reconciler.simulator.answers import Answer, Refused, error_list, missing

Handler = Callable[[api.Call], Answer]

UNKNOWN: Final = "unknown"
TOKEN_PATH: Final = "/oauth2/default/v1/token"  # noqa: S105 - a path
TOKEN: Final = "token"  # noqa: S105 - a name


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
)

# Known by name and refused, so that a test can say that none of them was ever tried.
_REFUSED: Final = (
    ("POST", "/v3/contacts", "createContact"),
    ("PUT", "/v3/contacts/*", "putContact"),
    ("DELETE", "/v3/contacts/*", "deleteContact"),
    ("POST", "/v3/contacts/sign_up_form", "createOrUpdateContact"),
    ("PUT", "/v3/contacts/resubscribe/*", "resubscribeContact"),
    ("POST", "/v3/contact_lists", "createList"),
    ("PUT", "/v3/contact_lists/*", "putList"),
    ("DELETE", "/v3/contact_lists/*", "deleteListActivity"),
    ("POST", "/v3/contact_custom_fields", "postCustomFields"),
    ("PUT", "/v3/contact_custom_fields/*", "putCustomField"),
    ("DELETE", "/v3/contact_custom_fields/*", "deleteCustomField"),
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
_PATHS: Final = frozenset(path for _, path, _, _ in _SERVED)


def find(method: str, path: str) -> Route:
    """Find what a request means; 405 awaits another method of a served path, 404 any other path."""
    parent, _, last = path.rpartition("/")
    for pattern, identifier in ((path, ""), (f"{parent}/*", last)):
        if identifier == "" or last:
            name, handler = _HANDLERS.get((method, pattern), (None, None))
            if name and handler:
                return Route(name, handler, identifier)
            if (method, pattern) in _NAMES:
                return Route(_NAMES[method, pattern], _refusal(pattern))
    known = path in _PATHS or f"{parent}/*" in _PATHS
    return Route(TOKEN if path == TOKEN_PATH else UNKNOWN, _not_allowed if known else _not_served)


def _refusal(pattern: str) -> Handler:
    return _not_allowed if pattern in _PATHS else _not_served
