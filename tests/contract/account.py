"""The account that the contract suite talks to: a simulated one, or a real one with room only for what the suite made.

Everything that it makes carries the run's tag, and it removes nothing else. The program has no code that deletes, so
this has an HTTP client of its own.
"""

from __future__ import annotations

import functools
import json
import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Self

import httpx

from reconciler.addresses import fold
from reconciler.constant_contact import wire
from reconciler.constant_contact.calls import Calls, OneToken
from reconciler.constant_contact.client import ConstantContact
from reconciler.secret import Secret
from tests.free_slots import Unlimited

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

API_URL: Final = "https://api.cc.email/v3"
AUTH_URL: Final = "https://authz.constantcontact.com/oauth2/default/v1"
#: An account with more contacts than this is somebody's own until the credentials say otherwise.
MOST_CONTACTS: Final = 500
#: Half the documented limit of four a second: others may use the same API key.
SECONDS_BETWEEN: Final = 0.5
INCLUDE: Final = "custom_fields,list_memberships,phone_numbers,street_addresses"
_TOO_MANY: Final = 429
_TRIES: Final = 5
_A_WHILE_SECONDS: Final = 1.1
_PATIENCE_SECONDS: Final = 600
_FIELDS: Final = ("first_name", "last_name", "phone")


class NotForThisAccount(Exception):
    """The suite must not run against this account."""


@dataclass(frozen=True)
class Access:
    """What opens an account, as the credentials' file says it."""

    api_key: str
    access_token: str = field(repr=False)
    refresh_token: str = field(default="", repr=False)
    client_secret: str = field(default="", repr=False)
    api_url: str = API_URL
    auth_url: str = AUTH_URL
    #: The account may have so many contacts.
    most_contacts: int = MOST_CONTACTS
    #: Send twelve requests within a second, to see the refusal of too many.
    burst: bool = False
    #: A list of the account's on which somebody has set up an automation that begins with joining.
    automation_list_id: str = ""

    @classmethod
    def read(cls, file: Path) -> Access:
        """Read a credentials' file. ValueError names what is wrong with it, and shows no value."""
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            raise ValueError(f"{file} can't be read as JSON") from None
        unknown = set(content) - set(cls.__dataclass_fields__) if isinstance(content, dict) else {"(no object)"}
        missing = {"api_key", "access_token"} - set(content)
        if unknown or missing:
            raise ValueError(f"{file}: unknown {sorted(unknown)}, missing {sorted(missing)}")
        return cls(**content)


class Pace:
    """At least so many seconds between two requests, whoever sends them."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._next = 0.0
        self.requests = 0

    def reserve(self) -> float:
        now = time.monotonic()
        at = max(now, self._next)
        self._next = at + self._seconds
        self.requests += 1
        return at - now


class Paced(httpx.HTTPTransport):
    """Sends the program's own requests at the suite's pace."""

    def __init__(self, pace: Pace) -> None:
        super().__init__()
        self._pace = pace

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        time.sleep(self._pace.reserve())
        return super().handle_request(request)


class Account:
    """One account, by the program's client and by requests of our own."""

    def __init__(self, access: Access, pace: Pace, let_pass: Callable[[float], None]) -> None:
        self.access = access
        self.let_pass = let_pass
        self.tag = secrets.token_hex(4)
        self.list_id = ""
        self.pace = pace
        self._token = access.access_token
        self._http = httpx.Client(timeout=60, trust_env=False)
        self._clients: list[ConstantContact] = []
        self._fields: list[str] = []
        self._addresses: list[str] = []
        self._ids: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for client in self._clients:
            client.close()
        self._http.close()

    def refuse_strangers(self) -> None:
        """Raise NotForThisAccount where there are more contacts than the credentials allow."""
        found = self.sent("GET", "/contacts/counts").json()["total"]
        if found > self.access.most_contacts:
            raise NotForThisAccount(
                f"the account has {found:,} contacts, more than {self.access.most_contacts:,}: use a trial account,"
                f' or write "most_contacts": {found} into the credentials\' file to mean this one'
            )

    def make_list(self) -> None:
        name = f"reconciler contract suite {self.tag} - may be deleted"
        made = self.sent("POST", "/contact_lists", {"name": name, "description": "made and removed by a test"})
        self.list_id = str(made.json()["list_id"])

    def client(self) -> ConstantContact:
        """The program's client, new: it has not seen anybody yet."""
        access = OneToken(Secret(self._token))
        calls = Calls(
            self.access.api_url,
            access,
            Unlimited(),
            sleep=time.sleep,
            random=lambda: 0.0,
            write_seconds=120,
            transport=Paced(self.pace),
        )
        made = ConstantContact(calls, fold)
        self._clients.append(made)
        return made

    def mapped(self, *fields: str) -> wire.Mapped:
        return wire.Mapped(self.list_id, fields or _FIELDS)

    def address(self, name: str) -> str:
        """An address of this run's own; nobody has one at example.com."""
        address = f"rcs-{self.tag}-{name}@example.com"
        self._addresses.append(address)
        return address

    def create(self, address: str, *, permission: str = "implicit", **more: object) -> dict[str, Any]:
        """A contact on the suite's list, by POST /contacts."""
        email = {"address": address, "permission_to_send": permission}
        body = {"email_address": email, "create_source": "Account", "list_memberships": [self.list_id], **more}
        made = dict(self.sent("POST", "/contacts", body).json())
        self._ids.add(str(made["contact_id"]))
        return made

    def put(self, contact_id: str, **body: object) -> httpx.Response:
        return self.sent("PUT", f"/contacts/{contact_id}", {"update_source": "Account", **body})

    def unsubscribe(self, contact: Mapping[str, Any]) -> None:
        """By the account, as PUT can: the address keeps its lists."""
        email = {"address": contact["email_address"]["address"], "permission_to_send": "unsubscribed"}
        names = {name: contact[name] for name in ("first_name", "last_name") if name in contact}
        assert self.put(contact["contact_id"], email_address=email, **names).is_success

    def delete(self, contact_id: str) -> None:
        self.sent("DELETE", f"/contacts/{contact_id}")
        self._ids.discard(contact_id)

    def shown(self, contact_id: str) -> dict[str, Any]:
        """A contact by its id, with everything."""
        return dict(self.sent("GET", f"/contacts/{contact_id}", query={"include": INCLUDE}).json())

    def search(self, address: str, **query: str) -> list[dict[str, Any]]:
        """Contacts by address, as GET /contacts finds them; without a status unless told."""
        answer = self.sent("GET", "/contacts", query={"email": address, "include": INCLUDE, **query})
        return list(answer.json()["contacts"])

    def find(self, address: str) -> dict[str, Any]:
        """The one contact with an address, once the index shows it."""
        until = time.monotonic() + _PATIENCE_SECONDS
        while not (found := self.search(address, status="all")):
            assert time.monotonic() < until, "the index never showed a contact that was made"
            time.sleep(1)
        return found[0]

    def import_rows(self, *rows: Mapping[str, object]) -> wire.Activity:
        """By the program's client, as the rows stand here; says the activity when it has ended."""
        client = self.client()
        sent = [(str(row["email"]), json.dumps(row).encode()) for row in rows]
        return self.ended(client, client.start_import(self.list_id, sent))

    def ended(self, client: ConstantContact, activity_id: str) -> wire.Activity:
        until = time.monotonic() + _PATIENCE_SECONDS
        while not (activity := client.activity(activity_id)).has_ended:
            assert time.monotonic() < until, f"the activity is still {activity.state}"
            time.sleep(min(self.pace.reserve() + 0.02, 5))
        return activity

    def custom_field(self, label: str, kind: str) -> httpx.Response:
        """Try to define a custom field; what was made is removed in the end."""
        made = self.try_to("POST", "/contact_custom_fields", {"label": f"rcs {self.tag} {label}", "type": kind})
        if made.is_success:
            self._fields.append(str(made.json()["custom_field_id"]))
        return made

    def refresh(self) -> dict[str, Any]:
        """A new pair of tokens, used from now on."""
        form = {"grant_type": "refresh_token", "refresh_token": self.access.refresh_token}
        secret = self.access.client_secret
        time.sleep(self.pace.reserve())
        answer = self._http.post(
            f"{self.access.auth_url}/token",
            data=form if secret else {**form, "client_id": self.access.api_key},
            auth=httpx.BasicAuth(self.access.api_key, secret) if secret else httpx.USE_CLIENT_DEFAULT,
        )
        assert answer.is_success, answer.status_code
        found = dict(answer.json())
        self._token = str(found["access_token"])
        return found

    def sent(
        self, method: str, path: str, body: object = None, *, query: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """A request that has to succeed."""
        answer = self.try_to(method, path, body, query=query)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text[:300]}"
        return answer

    def try_to(
        self, method: str, path: str, body: object = None, *, query: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """A request; too many a second are waited for."""
        answer = self._at_its_time(method, path, body, query)
        for _ in range(_TRIES):
            if answer.status_code != _TOO_MANY:
                break
            time.sleep(_A_WHILE_SECONDS)
            answer = self._at_its_time(method, path, body, query)
        return answer

    def once(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: Mapping[str, str] | None = None,
        token: str | None = None,
    ) -> httpx.Response:
        """One request at once; with another token, or with `""` none."""
        used = self._token if token is None else token
        headers = {"Authorization": f"Bearer {used}"} if used else {}
        return self._http.request(
            method, f"{self.access.api_url}{path}", json=body, params=query, headers=headers
        )  # fmt: skip

    def _at_its_time(self, method: str, path: str, body: object, query: Mapping[str, str] | None) -> httpx.Response:
        time.sleep(self.pace.reserve())
        return self.once(method, path, body, query=query)

    def clean_up(self) -> Sequence[str]:
        """Remove what the run made, and nothing else; goes on after trouble, and says what is left."""
        left: list[str] = []
        for address in self._addresses:
            left += _tried(f"finding {address}", functools.partial(self._notice, address))
        for contact_id in sorted(self._ids):
            left += _tried(f"contact {contact_id}", functools.partial(self.delete, contact_id))
        lists = [f"/contact_lists/{self.list_id}"] if self.list_id else []
        for path in [*(f"/contact_custom_fields/{each}" for each in self._fields), *lists]:
            left += _tried(path, functools.partial(self.sent, "DELETE", path))
        return left

    def _notice(self, address: str) -> None:
        """Remember whoever has an address of this run and was not deleted: an import made them."""
        found = self.search(address, status="all")
        self._ids |= {str(each["contact_id"]) for each in found if "deleted_at" not in each}


def _tried(what: str, act: Callable[[], object]) -> list[str]:
    try:
        act()
    except (AssertionError, httpx.HTTPError) as trouble:
        return [f"{what}: {trouble}"]
    return []
