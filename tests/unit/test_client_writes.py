"""What the client makes of the answer to a write, and whom it never writes to, whatever a plan says."""

from __future__ import annotations

import json
import time
from typing import Any

import httpx
import pytest

from reconciler.addresses import fold
from reconciler.constant_contact import wire
from reconciler.constant_contact.calls import Calls, OneToken
from reconciler.constant_contact.client import ConstantContact
from reconciler.errors import ApiRefused
from reconciler.secret import Secret
from tests.free_slots import Unlimited

_ACTIVITY = "86b90820-cc52-11ea-9dad-fa163e3d9194"
_LIST = "06526938-56dd-11e9-932a-fa163e9ec6a5"
_DELETED = "2024-05-31T12:00:00Z"


class There:
    """A Constant Contact with one person, who is as the test says; it counts the imports."""

    def __init__(self) -> None:
        self.person: dict[str, Any] = {"contact_id": _ACTIVITY, "list_memberships": []}
        self.imports = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json=self.person, headers={"Date": "Fri, 31 May 2024 12:00:00 GMT"})
        self.imports += 1
        return httpx.Response(201, json={"activity_id": _ACTIVITY})

    def is_seen(self, client: ConstantContact, address: str, permission: str, **more: str) -> None:
        """Let the client see the person with that permission."""
        opted_out = {"opt_out_date": more.pop("opt_out_date")} if "opt_out_date" in more else {}
        self.person["email_address"] = {"address": address, "permission_to_send": permission, **opted_out}
        self.person = {**{k: v for k, v in self.person.items() if k != "deleted_at"}, **more}
        client.member(wire.Mapped(_LIST, ()), _ACTIVITY)


@pytest.fixture
def there() -> There:
    return There()


@pytest.fixture
def client(there: There) -> ConstantContact:
    calls = Calls(
        "https://api.example.com/v3",
        OneToken(Secret("token")),
        Unlimited(),
        sleep=time.sleep,
        random=lambda: 0.0,
        write_seconds=120,
        transport=httpx.MockTransport(there),
    )
    return ConstantContact(calls, fold)


def _row(address: str) -> tuple[str, bytes]:
    return address, json.dumps({"email": address}).encode()


def test_an_import_that_was_taken_is_not_sent_again_for_want_of_a_date(client: ConstantContact) -> None:
    assert client.start_import("list", [_row("ada@example.com")]) == _ACTIVITY


@pytest.mark.parametrize("permission", ["unsubscribed", "not_set", "pending_confirmation", "temp_hold", "new_word"])
@pytest.mark.parametrize("let_in", [(), ("ada@example.com",)])
def test_who_was_last_seen_as_not_mailable_is_never_in_an_import(
    client: ConstantContact, there: There, permission: str, let_in: tuple[str, ...]
) -> None:
    there.is_seen(client, "Ada@Example.com", permission)

    with pytest.raises(ApiRefused, match="1 of 2 contacts"):
        client.start_import(_LIST, [_row("bob@example.com"), _row("ada@example.com")], let_in=let_in)

    assert there.imports == 0


def test_who_was_seen_as_mailable_again_is_written_to(client: ConstantContact, there: There) -> None:
    there.is_seen(client, "ada@example.com", "unsubscribed")
    there.is_seen(client, "ada@example.com", "implicit")

    client.start_import(_LIST, [_row("ada@example.com")])

    assert there.imports == 1


def test_who_was_deleted_is_written_to_only_where_they_are_let_in(client: ConstantContact, there: There) -> None:
    there.is_seen(client, "ada@example.com", "implicit", deleted_at=_DELETED)

    for let_in in ((), ("bob@example.com",)):
        with pytest.raises(ApiRefused):
            client.start_import(_LIST, [_row("ada@example.com")], let_in=let_in)
    assert there.imports == 0

    client.start_import(_LIST, [_row("ada@example.com")], let_in=["ADA@example.com"])

    assert there.imports == 1


@pytest.mark.parametrize("more", [{"opt_out_date": _DELETED}, {}])
def test_who_unsubscribed_and_was_deleted_is_let_in_by_nobody(
    client: ConstantContact, there: There, more: dict[str, str]
) -> None:
    there.is_seen(client, "ada@example.com", "unsubscribed", deleted_at=_DELETED, **more)

    with pytest.raises(ApiRefused):
        client.start_import(_LIST, [_row("ada@example.com")], let_in=["ada@example.com"])


def test_who_unsubscribed_after_a_deletion_is_let_in_by_nobody(client: ConstantContact, there: There) -> None:
    there.is_seen(client, "ada@example.com", "implicit", deleted_at=_DELETED)
    there.is_seen(client, "ada@example.com", "unsubscribed")

    with pytest.raises(ApiRefused):
        client.start_import(_LIST, [_row("ada@example.com")], let_in=["ada@example.com"])


def test_who_was_last_seen_as_not_mailable_is_never_written_singly(client: ConstantContact, there: There) -> None:
    there.is_seen(client, "ada@example.com", "unsubscribed")
    found = client.whole(wire.Mapped(_LIST, ()), _ACTIVITY)
    assert found is not None

    with pytest.raises(ApiRefused, match="not mailable"):
        client.replace(found, "new@example.com", b"{}")
    with pytest.raises(ApiRefused, match="not mailable"):
        client.create("ADA@example.com", b"{}")

    assert there.imports == 0
