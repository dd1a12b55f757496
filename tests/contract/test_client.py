"""Every call of the client against Constant Contact: in the conformance run each passes the provider's contract."""

from __future__ import annotations

import datetime as dt
import time
from typing import TYPE_CHECKING

import pytest

from reconciler.addresses import fold
from reconciler.constant_contact import wire
from reconciler.constant_contact.calls import Calls, OneToken
from reconciler.constant_contact.client import ConstantContact
from reconciler.domain import Status
from reconciler.errors import AccessRefused, ApiRefused, NotFound
from reconciler.secret import Secret
from tests.free_slots import Unlimited

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.installation import Api

pytestmark = pytest.mark.http

_NOWHERE = "00000000-0000-4000-8000-000000000000"
_LONG_AGO = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)


@pytest.fixture
def client(api: Api) -> Iterator[ConstantContact]:
    made = _client(api, api.access_token)
    yield made
    made.close()


@pytest.fixture
def mapped(api: Api) -> wire.Mapped:
    fields = (
        "first_name",
        "birthday_month",
        "birthday_day",
        "anniversary",
        "phone",
        "work_phone",
        "home_street",
        "cf_customer_id",
    )
    with_custom = _client(api, api.access_token)
    known = with_custom.custom_fields()
    with_custom.close()
    return wire.Mapped(api.list_id, fields, {"customer_id": known["customer_id"].custom_field_id})


def test_the_account_its_lists_and_its_counts_are_read(client: ConstantContact, api: Api) -> None:
    api.door.contact(action="create", email="ada@example.com", list_id=api.list_id)
    api.door.contact(action="create", email="bob@example.com")

    assert client.account().encoded_account_id
    assert api.list_id in {found.list_id for found in client.lists()}
    assert client.contact_list(api.list_id).members == 1
    assert client.list_size(api.list_id) == 1


def test_every_field_that_is_imported_is_read_back(client: ConstantContact, api: Api, mapped: wire.Mapped) -> None:
    values = {
        "first_name": "Ada",
        "birthday_month": "12",
        "birthday_day": "10",
        "anniversary": "2024-05-31",
        "phone": "555-0100",
        "work_phone": "555-0101",
        "home_street": "1 Road",
        "cf_customer_id": "7",
    }
    _import(client, api, "ada@example.com", values)

    member = client.member_by_address(mapped, "ADA@example.com")

    assert member is not None
    assert {**values, "anniversary": member.fields["anniversary"]} == member.fields
    assert (member.status, member.on_list) == (Status.IMPLICIT, True)
    assert client.member(mapped, member.member_id) == member


def test_each_way_of_reading_people_gives_those_it_is_for(
    client: ConstantContact, api: Api, mapped: wire.Mapped
) -> None:
    for name in ("on", "off", "gone"):
        api.door.contact(action="create", email=f"{name}@example.com", list_id=api.list_id)
    api.door.contact(action="create", email="elsewhere@example.com")
    api.door.contact(action="unsubscribe", email="off@example.com")
    api.door.contact(action="delete", email="gone@example.com")

    found = {
        "everybody": client.everybody(mapped),
        "on_list": client.on_list(mapped),
        "opted_out": client.opted_out(mapped, _LONG_AGO),
        "not_mailable": client.not_mailable(mapped, _LONG_AGO),
        "deleted": client.deleted(mapped),
    }

    assert {
        way: {member.address.split("@")[0] for page in pages for member in page.members} for way, pages in found.items()
    } == {
        "everybody": {"on", "off", "gone", "elsewhere"},
        "on_list": {"on", "off"},
        "opted_out": {"off"},
        "not_mailable": {"gone"},
        "deleted": {"gone"},
    }


def test_pages_are_followed_to_the_end(client: ConstantContact, api: Api, mapped: wire.Mapped) -> None:
    api.door.contact(action="bulk_create", count=1001, list_id=api.list_id)

    pages = [len(page.members) for page in client.on_list(mapped)]

    assert pages == [500, 500, 1]


def test_an_export_gives_the_ids_of_who_is_on_the_list(client: ConstantContact, api: Api) -> None:
    made = api.door.contact(action="bulk_create", count=3, list_id=api.list_id)["contact_ids"]
    activity_id = client.start_export(api.list_id)
    time.sleep(0.1)

    ids = client.exported(client.activity(activity_id))

    assert sorted(ids or ()) == sorted(made)


def test_an_import_is_seen_among_the_activities(client: ConstantContact, api: Api) -> None:
    activity = _import(client, api, "ada@example.com", {})

    assert activity.counts["person_count"] == 1
    assert activity.activity_id in {found.activity_id for found in client.activities()}


def test_nobody_who_was_last_seen_as_not_mailable_is_ever_written(
    client: ConstantContact, api: Api, mapped: wire.Mapped
) -> None:
    api.door.contact(action="create", email="ada@example.com", list_id=api.list_id)
    api.door.contact(action="unsubscribe", email="ada@example.com")
    list(client.everybody(mapped))

    with pytest.raises(ApiRefused, match="not mailable"):
        client.start_import(api.list_id, [("Ada@Example.com", wire.import_row("Ada@Example.com", {}))])

    assert api.imported() == []


def test_who_was_deleted_is_written_only_where_they_are_let_in(
    client: ConstantContact, api: Api, mapped: wire.Mapped
) -> None:
    for who in ("deleted", "both"):
        api.door.contact(action="create", email=f"{who}@example.com", list_id=api.list_id)
    api.door.contact(action="unsubscribe", email="both@example.com")
    for who in ("deleted", "both"):
        api.door.contact(action="delete", email=f"{who}@example.com")
    list(client.deleted(mapped))
    rows = {who: (f"{who}@example.com", wire.import_row(f"{who}@example.com", {})) for who in ("deleted", "both")}
    everybody = [address for address, _ in rows.values()]

    for refused in ([rows["deleted"]], [rows["both"]], list(rows.values())):
        with pytest.raises(ApiRefused, match="not mailable"):
            client.start_import(api.list_id, refused, let_in=everybody if rows["both"] in refused else ())

    assert api.imported() == []
    client.start_import(api.list_id, [rows["deleted"]], let_in=everybody)
    assert api.imported() == ["deleted@example.com"]


def test_what_is_not_there_is_said(client: ConstantContact, api: Api, mapped: wire.Mapped) -> None:
    assert client.member(mapped, _NOWHERE) is None
    assert client.member_by_address(mapped, "nobody@example.com") is None
    with pytest.raises(NotFound):
        client.contact_list(_NOWHERE)


def test_a_token_that_is_not_taken_is_refused(api: Api) -> None:
    stranger = _client(api, "not-the-token")

    with pytest.raises(AccessRefused):
        stranger.account()
    stranger.close()


def _client(api: Api, token: str) -> ConstantContact:
    access = OneToken(Secret(token))
    calls = Calls(api.url, access, Unlimited(), sleep=time.sleep, random=lambda: 0.0, write_seconds=30)
    return ConstantContact(calls, fold)


def _import(client: ConstantContact, api: Api, address: str, values: Mapping[str, str]) -> wire.Activity:
    activity_id = client.start_import(api.list_id, [(address, wire.import_row(address, values))])
    for _ in range(50):
        activity = client.activity(activity_id)
        if activity.has_ended:
            return activity
        time.sleep(0.05)
    raise AssertionError("the import did not end")
