"""The side door under /_control/: what a test sees and does behind the API's back. No token, no limits."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

from reconciler.simulator.answers import Answer, JsonObject, Request, as_json
from reconciler.simulator.clock import stamp
from reconciler.simulator.contacts import SUBRESOURCES
from reconciler.simulator.faults import read_fault
from reconciler.simulator.membership import delete_list
from reconciler.simulator.owner import Owner
from reconciler.simulator.routes import OPERATIONS
from reconciler.simulator.state import SUMMARY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reconciler.simulator.provider import Provider

PREFIX: Final = "/_control"


def answer(provider: Provider, request: Request) -> Answer:
    """Answer a request of the side door: 400 with a sentence where it can't be done."""
    with provider.lock:
        provider.settle()
        try:
            return as_json(_done(provider, request))
        except ValueError as error:
            return as_json({"error": str(error)}, 400)


def _done(provider: Provider, request: Request) -> JsonObject:
    path = request.path.removeprefix(PREFIX).strip("/")
    if request.method == "GET" and path == "state":
        return _state(provider, dict(parse_qsl(request.query)))
    if request.method == "DELETE" and not path:
        provider.reset()
        return {}
    if request.method != "POST" or path not in _POSTS:
        raise ValueError(f"the side door has GET state, POST {', '.join(_POSTS)}, and DELETE of itself")
    body = json.loads(request.body or b"{}")
    if not isinstance(body, dict):
        raise ValueError("the body is an object")  # noqa: TRY004 - a wrong value to whoever sent it
    return _POSTS[path](provider, body)


def _state(provider: Provider, query: Mapping[str, str]) -> JsonObject:
    """Show everything; `history=N` limits the history, `contacts=false` leaves out the people."""
    account, now = provider.account, provider.settle()
    shown: dict[str, object] = {
        "account": dict(SUMMARY),
        "lists": [_list(provider, each) for each in account.lists],
    }
    shown["tags"] = [each.shown() for each in account.tags.values()]
    shown["custom_fields"] = [each.shown() for each in account.custom_fields.values()]
    if query.get("contacts", "true") == "true":
        shown["contacts"] = [each.shown(SUBRESOURCES) for each in account.live.contacts.values()]
    shown["activities"] = [each.shown(now) for each in account.activities.kept(now)]
    shown |= {"requests": provider.history.counts(), "today": provider.limits.today}
    shown["tokens"] = provider.tokens.counts(now) | {"device_grants": provider.devices.grants}
    shown["automations"] = dict(account.automations)
    shown["history"] = provider.history.last(int(query["history"]) if "history" in query else None)
    return shown | {"now": provider.clock.http_date(), "switches": dataclasses.asdict(provider.switches)}


def _list(provider: Provider, list_id: str) -> JsonObject:
    members = provider.account.live.members(list_id)
    return provider.account.lists[list_id].shown() | {"member_ids": [each.contact_id for each in members]}


def _contacts(provider: Provider, body: JsonObject) -> JsonObject:
    return Owner(provider.account, provider.clock.now()).act(body)


def _faults(provider: Provider, body: JsonObject) -> JsonObject:
    fault = read_fault(body)
    if fault.operation not in {"*", *OPERATIONS}:
        raise ValueError(f"operation is *, or one of {', '.join(OPERATIONS)}; not {fault.operation!r}")
    provider.faults.add(fault)
    return {}


def _clock(provider: Provider, body: JsonObject) -> JsonObject:
    seconds = body.get("advance_seconds")
    if not isinstance(seconds, int | float) or isinstance(seconds, bool):
        raise ValueError("advance_seconds is a number")  # noqa: TRY004 - a wrong value to whoever sent it
    provider.clock.advance(seconds)
    provider.settle()
    return {"now": provider.clock.http_date()}


def _tokens(provider: Provider, body: JsonObject) -> JsonObject:
    tokens = provider.tokens
    match body.get("action"):
        case "expire":
            tokens.expire()
        case "revoke":
            tokens.revoke()
        case "new":
            tokens.new(provider.clock.now(), provider.switches)
        case other:
            raise ValueError(f"action is expire, revoke or new, not {other!r}")
    return {"access_token": tokens.access_token, "refresh_token": tokens.refresh_token}


def _device(provider: Provider, body: JsonObject) -> JsonObject:
    """Approve or deny a device as its owner would on the page."""
    device = provider.devices.decide(str(body.get("user_code", "")), str(body.get("action")))
    return {"user_code": device.user_code, "decision": device.decision}


def _switches(provider: Provider, body: JsonObject) -> JsonObject:
    provider.turn(body)
    return dataclasses.asdict(provider.switches)


def _lists(provider: Provider, body: JsonObject) -> JsonObject:
    """Create, rename or delete a list as its owner; deleting keeps the people."""
    account, when = provider.account, stamp(provider.clock.now())
    name, action = str(body.get("name", "")), body.get("action")
    if action == "create":
        return account.add_list(name, when).shown()
    found = account.lists.get(str(body.get("list_id")))
    if found is None or action not in {"rename", "delete"}:
        raise ValueError("action is create (name), rename (list_id, name) or delete (list_id)")
    if action == "delete":
        delete_list(account, found.list_id, provider.clock.now())
    else:
        account.lists[found.list_id] = dataclasses.replace(found, name=name, updated_at=when)
    return account.lists[found.list_id].shown()


def _tags(provider: Provider, body: JsonObject) -> JsonObject:
    return provider.account.add_tag(str(body.get("name", "")), stamp(provider.clock.now())).shown()


def _custom_fields(provider: Provider, body: JsonObject) -> JsonObject:
    label = str(body.get("label") or "")
    if not label:
        raise ValueError("a custom field needs a label")
    return provider.account.add_custom_field(label, str(body.get("type", "string"))).shown()


_POSTS: Final[Mapping[str, Callable[[Provider, JsonObject], JsonObject]]] = {
    "contacts": _contacts,
    "faults": _faults,
    "clock": _clock,
    "tokens": _tokens,
    "switches": _switches,
    "lists": _lists,
    "custom_fields": _custom_fields,
    "tags": _tags,
    "device": _device,
}
