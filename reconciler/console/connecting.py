"""Connecting and connecting again: API key and token pasted, or a sign-in begun; each field says what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from reconciler import checks, page
from reconciler.console import admitting, drafts, given, sign_in_there
from reconciler.console.access import Role
from reconciler.console.actions import address
from reconciler.console.answers import Page
from reconciler.console.routes import Route
from reconciler.errors import AccessRefused, ApiError, CrmError, UsageError
from reconciler.ledger import connections

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.console.answers import Answer
    from reconciler.console.desk import Visit
    from reconciler.console.given import Given

#: What was typed and may be shown again: never a secret.
_SHOWN_AGAIN: Final = ("name", "workspace")
_FIELDS: Final = ("form", *_SHOWN_AGAIN, "api_key", "access_token", "client_secret")


def ask(visit: Visit) -> Answer:
    return _page(visit, {}, dict.fromkeys(_SHOWN_AGAIN, visit.query.get("workspace", "")))


def connect(visit: Visit) -> Answer:
    found = given.to_connect(visit.form, visit.person.grants.workspaces(Role.ADMIN))
    faults = {**_name_taken(visit, found), **found.faults}
    return _page(visit, faults, _typed(visit)) if faults else _go_on(visit, found)


def ask_again(visit: Visit) -> Answer:
    return _page(visit, {}, {})


def connect_again(visit: Visit) -> Answer:
    connection = visit.connection
    found = given.to_reconnect(visit.form, connection.name, connection.workspace)
    return _page(visit, found.faults, {}) if found.faults else _go_on(visit, found)


def _go_on(visit: Visit, found: Given) -> Answer:
    # What was begun as a new connection connects none again that somebody has made meanwhile.
    draft = drafts.new(visit, found.name, found.workspace, found.way, is_new=visit.connection_or_none is None)
    try:
        if found.way == given.CODE:
            return sign_in_there.begin(visit, draft, found.application)
        if found.way == given.DEVICE:
            return sign_in_there.begin_at_another_screen(visit, draft, found.application)
        return admitting.admitted(visit, draft, found.credentials)
    except (AccessRefused, checks.OtherAccount) as error:
        field = "access_token" if found.way == given.PASTED else "api_key"
        is_token = found.way == given.PASTED and isinstance(error, AccessRefused)
        told = (
            f"{page.capital(str(error))}. Paste one that is new, and of this API key."
            if is_token
            else given.words(error)
        )
        return _page(visit, {field: told}, _typed(visit))
    except (ApiError, CrmError, UsageError) as error:
        return _page(visit, {"form": given.words(error)}, _typed(visit))


def _name_taken(visit: Visit, found: Given) -> dict[str, str]:
    """A name that is in use, also where it is not theirs to know by whom."""
    with visit.ledger.transaction() as tx:
        there = connections.by_name(tx, found.name)
    if there is None:
        return {}
    is_theirs = visit.person.grants.role_in(there.workspace) is not None
    told = "There is a connection of this name: reconnect it on its own page." if is_theirs else admitting.UNUSABLE_NAME
    return {"name": told}


def _typed(visit: Visit) -> dict[str, str]:
    return {name: visit.form.get(name, "") for name in _SHOWN_AGAIN}


def _page(visit: Visit, faults: Mapping[str, str], typed: Mapping[str, str]) -> Page:
    connection = visit.connection_or_none
    content: dict[str, Any] = {
        "connection": connection and connection.name,
        "account": connection and connection.account.organization,
        "list": connection and connection.list_name,
        "workspaces": visit.person.grants.workspaces(Role.ADMIN) if connection is None else [connection.workspace],
        "to": "/connect" if connection is None else address(connection.name, "reconnect"),
        "back": "/integrations" if connection is None else address(connection.name),
        "return_address": sign_in_there.return_address(visit),
    }
    title = "Connect Constant Contact" if connection is None else f"Reconnect {connection.name}"
    return Page("connect.html", title, content, 400 if faults else 200, _form(faults, typed))


def _form(faults: Mapping[str, str], typed: Mapping[str, str]) -> dict[str, Any]:
    """For each field what is wrong with it, and what was typed."""
    every = {**dict.fromkeys(_FIELDS, ""), **faults}
    return {"faults": every, "is_wrong": bool(faults), "typed": {**dict.fromkeys(_SHOWN_AGAIN, ""), **typed}}


ROUTES: Final = (
    Route("GET", "/connect", Role.ADMIN, ask, is_sensitive=True),
    Route("POST", "/connect", Role.ADMIN, connect, is_sensitive=True),
    Route("GET", "/connections/{name}/reconnect", Role.ADMIN, ask_again, is_sensitive=True),
    Route("POST", "/connections/{name}/reconnect", Role.ADMIN, connect_again, is_sensitive=True),
)
