"""What a token may: scopes that were consented to, privileges of who consented, and an application that isn't off.

Which operation needs what is the contract's. The body of a 403 isn't documented, so a switch says it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reconciler.simulator.answers import Refused, as_json, error_list, error_object

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.simulator.switches import Switches
    from reconciler.simulator.tokens import Access

FREE: Final = frozenset({"getUserPrivileges", "unknown"})
_READS: Final = ("getContact", "getContacts", "countContact", "getCustomField", "getCustomFields", "getTags")
_PRIVILEGES: Final[Mapping[str, str]] = {
    **dict.fromkeys(_READS, "contacts:read"),
    **dict.fromkeys(("getList", "getLists"), "contacts:lists:read"),
    **dict.fromkeys(("createList", "deleteListActivity"), "contacts:lists:write"),
    "getAccountById": "account:read",
}


def check(operation: str, access: Access, switches: Switches) -> None:
    """Let pass what the token may; 403 names what is missing."""
    if switches.application == "off":
        raise _forbidden("The application is deactivated.", switches)
    if operation in FREE:
        return
    scope = "account_read" if operation == "getAccountById" else "contact_data"
    if scope not in access.scopes or scope not in names(switches.scopes):
        raise _forbidden(f"The token lacks the scope {scope}.", switches)
    privilege = _PRIVILEGES.get(operation, "contacts:write")
    if privilege not in names(switches.privileges):
        raise _forbidden(f"The user lacks the privilege {privilege}.", switches)


def names(text: str) -> tuple[str, ...]:
    """Read comma-separated names."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _forbidden(words: str, switches: Switches) -> Refused:
    match switches.forbidden_body:
        case "message":
            return Refused(as_json({"message": words}, 403))
        case "array":
            return Refused(error_list(403, "forbidden", words))
        case _:
            return Refused(error_object(403, "forbidden", words))
