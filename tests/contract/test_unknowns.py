"""What only a live key can settle about Constant Contact: each question asked, and the client right with any answer.

Against the simulator each question is asked with the answer turned both ways. See
docs/howto/verify-against-a-real-account.md.
"""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.constant_contact import answers, wire
from reconciler.domain import Status
from reconciler.errors import AccessRefused, ApiError, ApiRefused, Forbidden, Throttled
from tests.contract import conftest

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from tests.contract.account import Account

    Finds = Callable[..., None]

pytestmark = [pytest.mark.http, pytest.mark.timeout(900)]

each_way = pytest.mark.each_way
_BURST = 12
_TYPES = ("string", "date", "datetime", "single_select", "multi_select", "currency", "text_area", "number", "boolean")
_FIELDS_ASKED = 26


def form_of(answer: httpx.Response) -> str:
    """Which form an error's body has."""
    try:
        body = answer.json()
    except ValueError:
        return "no JSON" if answer.text.strip() else "empty"
    if isinstance(body, list):
        return "array"
    return "object" if "error_key" in body else "message" if "message" in body else "another object"


@each_way({"throttle_body": "object", "limits": True}, {"throttle_body": "array", "limits": True})
def test_a_request_too_many_is_throttled_whatever_its_body(account: Account, finds: Finds) -> None:
    if not account.access.burst:
        pytest.skip('not asked: the credentials\' file has no "burst": true')

    with ThreadPoolExecutor(_BURST) as pool:
        sent = list(pool.map(lambda _: account.once("GET", "/contact_lists", query={"limit": "1"}), range(_BURST)))

    refused = [answer for answer in sent if answer.status_code == 429]
    assert {answer.status_code for answer in sent} <= {200, 429}
    assert refused, "a dozen requests at once were all answered"
    assert all(isinstance(answers.trouble(answer), Throttled) for answer in refused)
    form = form_of(refused[0])
    finds("1", "body of a 429", form, throttle_body=form)
    finds("1", "Retry-After of a 429", refused[0].headers.get("retry-after", "none"))


@pytest.mark.off_contract
def test_a_request_without_a_token_is_refused_as_one_that_no_retry_helps(account: Account, finds: Finds) -> None:
    answer = account.once("GET", "/account/summary", token="")

    assert isinstance(answers.trouble(answer), Forbidden | AccessRefused)
    finds("1", "answer without a token", f"{answer.status_code}, {form_of(answer)}")


def test_a_wrong_token_is_refused_as_such(account: Account, finds: Finds) -> None:
    answer = account.once("GET", "/account/summary", token="not-the-token")

    assert isinstance(answers.trouble(answer), AccessRefused)
    finds("1", "answer to a wrong token", f"{answer.status_code}, {form_of(answer)}")


@each_way({"default_status": "not_deleted"}, {"default_status": "active"})
def test_who_unsubscribed_is_found_whatever_is_meant_without_a_status(account: Account, finds: Finds) -> None:
    address = account.address("status")
    account.unsubscribe(account.create(address))
    account.find(address)

    shown = "not_deleted" if account.search(address) else "active"

    member = account.client().member_by_address(account.mapped(), address)
    assert member is not None
    assert member.status is Status.UNSUBSCRIBED
    finds("2", "shown without a status", shown, default_status=shown)


@each_way({"list_change_touches": False}, {"list_change_touches": True})
def test_who_joins_the_list_is_seen_whether_or_not_it_moves_updated_at(account: Account, finds: Finds) -> None:
    address = account.address("join")
    before = account.shown(account.create(address, list_memberships=[])["contact_id"])
    since = wire.moment(before["updated_at"])
    account.let_pass(3)

    account.import_rows({"email": address})

    after = account.shown(before["contact_id"])
    moves = after["updated_at"] != before["updated_at"]
    client, mapped = account.client(), account.mapped()
    changed = [member.member_id for page in client.on_list(mapped, since) for member in page.members]
    everybody = [member.member_id for page in client.on_list(mapped) for member in page.members]
    assert after["list_memberships"] == [account.list_id]
    assert before["contact_id"] in everybody
    finds("3", "lists and updated_after together", "taken")
    finds("3", "joining a list moves updated_at", "yes" if moves else "no", list_change_touches=moves)
    finds("3", "a member who only joined is among the changed", "yes" if before["contact_id"] in changed else "no")


@pytest.mark.off_contract
@each_way({"import_blanks": "ignored"}, {"import_blanks": "cleared"})
def test_what_a_blank_does_in_an_import_is_found(account: Account, finds: Finds) -> None:
    address = account.address("blank")
    contact_id = account.create(address, first_name="Ada", last_name="Lovelace")["contact_id"]

    account.import_rows({"email": address, "first_name": "", "last_name": None})

    after = account.shown(contact_id)
    blank = "ignored" if after.get("first_name") == "Ada" else "cleared"
    null = "ignored" if after.get("last_name") == "Lovelace" else "cleared"
    finds("4", "a blank in an import", blank, import_blanks=blank)
    finds("4", "a null in an import", null, import_blanks=null)


@each_way({"unknown_custom_fields": "refused"}, {"unknown_custom_fields": "ignored"})
def test_an_unknown_custom_field_costs_nobody_else_their_place(account: Account, finds: Finds) -> None:
    address = account.address("unknown")

    try:
        account.import_rows({"email": address, f"cf:rcs_{account.tag}": "x"})
    except ApiRefused:
        found = "refused"
        account.import_rows({"email": address})
    else:
        found = "ignored"

    assert account.find(address)["list_memberships"] == [account.list_id]
    finds("4", "an unknown custom field in an import", found, unknown_custom_fields=found)


@pytest.mark.off_contract
@each_way({"import_email_max": 50}, {"import_email_max": 80})
def test_a_long_address_is_taken_or_counted_as_correctable(account: Account, finds: Finds) -> None:
    address = account.address("l" * 40)
    assert 50 < len(address) <= 80

    activity = account.import_rows({"email": address}, {"email": account.address("short")})

    taken = activity.counts.get("correctable_count", 0) + activity.counts.get("error_count", 0) == 0
    account.find(account.address("short"))
    assert bool(account.search(address, status="all")) == taken
    finds(
        "5",
        "an address of 51 to 80 characters",
        "taken" if taken else "not taken",
        import_email_max=80 if taken else 50,
    )


@each_way({"import_of_unsubscribed": "fields_kept"}, {"import_of_unsubscribed": "fields_updated"})
def test_who_unsubscribed_stays_so_and_is_never_written_once_seen(account: Account, finds: Finds) -> None:
    address = account.address("off")
    contact = account.create(address, first_name="Ada")
    account.unsubscribe(contact)

    activity = account.import_rows({"email": address, "first_name": "Grace"})

    after = account.shown(contact["contact_id"])
    found = "fields_updated" if after["first_name"] == "Grace" else "fields_kept"
    assert after["email_address"]["permission_to_send"] == "unsubscribed"
    assert activity.counts["cannot_add_to_list_count"] == 1
    _never_written_once_seen(account, contact["contact_id"], address)
    finds("6", "an import of who unsubscribed", found, import_of_unsubscribed=found)


@each_way(
    {"import_of_deleted": "revived", "revived_permission": "kept"},
    {"import_of_deleted": "revived", "revived_permission": "implicit"},
    {"import_of_deleted": "left"},
)
def test_who_was_deleted_is_never_written_once_seen(account: Account, finds: Finds) -> None:
    address = account.address("deleted")
    contact_id = account.create(address, permission="explicit")["contact_id"]
    account.delete(contact_id)
    _never_written_once_seen(account, contact_id, address)

    account.import_rows({"email": address})

    after = account.shown(contact_id)
    found = "left" if "deleted_at" in after else "revived"
    finds("7", "an import of who was deleted", found, import_of_deleted=found)
    if found == "revived":
        permission = after["email_address"]["permission_to_send"]
        kept = "kept" if permission == "explicit" else permission
        finds("7", "permission of who was revived", kept, revived_permission=kept)


@each_way(
    {"international_phones": "kept"},
    {"international_phones": "ignored"},
    {"international_phones": "kept", "phone_format": "digits"},
)
def test_an_international_phone_is_read_back_as_it_is_there(account: Account, finds: Finds) -> None:
    address, phone = account.address("phone"), "+442079460958"

    account.import_rows({"email": address, "phone": phone, "first_name": "Ada"})

    found = account.find(address)
    there = [each["phone_number"] for each in found["phone_numbers"]]
    member = account.client().member(account.mapped(), found["contact_id"])
    assert member is not None
    assert (member.fields["first_name"], member.fields.get("phone", "")) == ("Ada", (there or [""])[0])
    finds("8", "an international phone in an import", there[0] if there else "dropped",
          international_phones="kept" if there else "ignored")  # fmt: skip


@each_way({"put_without_email": "kept"}, {"put_without_email": "removed"})
def test_a_contact_without_an_address_is_read_as_nobody_mailable(account: Account, finds: Finds) -> None:
    contact_id = account.create(account.address("put"), first_name="Ada")["contact_id"]

    answer = account.put(contact_id, first_name="Grace")

    after = account.shown(contact_id)
    kept = "address" in after.get("email_address", {})
    member = account.client().member(account.mapped(), contact_id)
    assert answer.status_code == 200
    assert member is not None
    assert (member.address != "", member.status.is_mailable) == (kept, kept)
    found = "kept" if kept else "removed"
    finds("9", "a PUT without the address", found, put_without_email=found)


@each_way({"refresh_tokens": "rotating"}, {"refresh_tokens": "long_lived"})
def test_a_refresh_gives_a_token_that_is_good_and_says_which_refresh_token_is(account: Account, finds: Finds) -> None:
    if not account.access.refresh_token:
        pytest.skip("not asked: the credentials' file has no refresh_token")

    given = account.refresh()

    kept = given["refresh_token"] == account.access.refresh_token
    if conftest.CREDENTIALS:
        _keep(Path(conftest.CREDENTIALS), given)
    assert account.client().account().encoded_account_id
    found = "long_lived" if kept else "rotating"
    finds("10", "refresh tokens of this API key", found, refresh_tokens=found)
    finds("10", "life of an access token in seconds", str(given.get("expires_in")))


@each_way({"index_lag_seconds": 0.0}, {"index_lag_seconds": 1.0})
def test_what_the_index_does_not_show_yet_is_seen_by_its_id(account: Account, finds: Finds) -> None:
    address = account.address("lag")
    contact_id = account.create(address)["contact_id"]
    begin = time.monotonic()

    member = account.client().member(account.mapped(), contact_id)
    was_at_once = bool(account.search(address, status="all"))
    account.find(address)

    seconds = 0.0 if was_at_once else time.monotonic() - begin
    assert member is not None
    assert member.on_list
    # How long is the account's own; which of the two it is can be told of the simulator.
    finds(
        "11",
        "seconds until the index shows a contact",
        f"{seconds:.0f}",
        **({} if seconds else {"index_lag_seconds": 0.0}),
    )
    assert conftest.CREDENTIALS or seconds < 10


@each_way({"custom_field_types": "all"}, {"custom_field_types": "string_and_date"})
def test_the_types_of_custom_fields_that_an_account_takes_are_known_by_name(account: Account, finds: Finds) -> None:
    tried = {kind: account.custom_field(f"type {kind}", kind) for kind in _TYPES if "select" not in kind}

    taken = [kind for kind, answer in tried.items() if answer.is_success]
    names = {tried[kind].json()["name"] for kind in taken}
    assert {"string", "date"} <= set(taken)
    assert names <= set(account.client().custom_fields())
    assert all(isinstance(answers.trouble(tried[kind]), ApiError) for kind in tried if kind not in taken)
    found = "string_and_date" if len(taken) == 2 else "all"
    finds("12", "types of custom fields", ", ".join(taken), custom_field_types=found)


@pytest.mark.off_contract
@each_way({"custom_fields_most": 25}, {"custom_fields_most": 50})
def test_more_than_25_custom_fields_of_a_contact_are_taken_or_refused_whole(account: Account, finds: Finds) -> None:
    contact = account.create(account.address("cap"))
    made = [account.custom_field(f"cap {number}", "string") for number in range(_FIELDS_ASKED)]
    if not all(answer.is_success for answer in made):
        pytest.skip("not asked: the account has no room for 26 more custom fields")
    values = [{"custom_field_id": answer.json()["custom_field_id"], "value": "x"} for answer in made]

    email = {"address": contact["email_address"]["address"], "permission_to_send": "implicit"}
    body = {"update_source": "Account", "email_address": email, "custom_fields": values}
    answer = account.try_to("PUT", f"/contacts/{contact['contact_id']}", body)

    there = len(account.shown(contact["contact_id"])["custom_fields"])
    taken = answer.is_success and there == _FIELDS_ASKED
    is_refused_whole = not answer.is_success and there == 0
    is_cut = answer.is_success and 0 < there < _FIELDS_ASKED
    assert taken or is_refused_whole or is_cut
    assert answer.is_success or isinstance(answers.trouble(answer), ApiRefused)
    finds("12", "26 custom fields of a contact", "taken" if taken else f"{answer.status_code}, {there} kept",
          custom_fields_most=50 if taken else 25)  # fmt: skip


@each_way({"total_counts_header": True}, {"total_counts_header": False})
def test_an_import_is_counted_by_its_people_whether_or_not_a_header_is(account: Account, finds: Finds) -> None:
    rows = [{"email": account.address(f"count{number}")} for number in range(2)]

    activity = account.import_rows(*rows)

    total = activity.counts["items_total_count"]
    assert activity.counts["person_count"] == len(rows)
    assert total in {len(rows), len(rows) + 1}
    has_header = total > len(rows)
    finds("13", "items_total_count of an import of 2", str(total), total_counts_header=has_header)


def test_an_export_gives_contact_ids_or_is_no_evidence(account: Account, finds: Finds) -> None:
    made = [account.create(account.address(f"export{number}"))["contact_id"] for number in range(2)]
    account.find(account.address("export1"))
    client = account.client()

    activity = account.ended(client, client.start_export(account.list_id))

    path = activity.results.removeprefix("/v3")
    header = account.sent("GET", path).text.lstrip("\ufeff").partition("\n")[0].strip()
    ids = client.exported(activity)
    assert (conftest.CREDENTIALS and ids is None) or set(made) <= set(ids or ())
    finds("export", "headers", header)
    finds("export", "contact ids", "no" if ids is None else "yes")


@each_way({"delete_touches": False}, {"delete_touches": True})
def test_who_was_deleted_is_seen_whether_or_not_it_moves_updated_at(account: Account, finds: Finds) -> None:
    address = account.address("gone")
    before = account.create(address)
    account.let_pass(3)

    account.delete(before["contact_id"])

    after = account.shown(before["contact_id"])
    account.find(address)
    seen = {member.member_id for page in account.client().deleted(account.mapped()) for member in page.members}
    assert before["contact_id"] in seen
    assert after["list_memberships"] == []
    moves = after["updated_at"] != before["updated_at"]
    finds("deletion", "moves updated_at", "yes" if moves else "no", delete_touches=moves)


def test_a_person_looks_whether_an_import_started_an_automation(account: Account, finds: Finds) -> None:
    list_id = account.access.automation_list_id
    if not list_id:
        pytest.skip("not asked: the credentials' file names no automation_list_id")
    address, client = account.address("automation"), account.client()
    at = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())

    row = wire.import_row(address, {"first_name": "Automation"})
    account.ended(client, client.start_import(list_id, [(address, row)]))

    assert account.find(address)["list_memberships"] == [list_id]
    finds("automation", f"did {address} enter it at {at}?", "look at the automation's own page: the API doesn't tell")


def _never_written_once_seen(account: Account, contact_id: str, address: str) -> None:
    """The second lock: whom this client has seen as not mailable it refuses to send."""
    client = account.client()
    assert client.member(account.mapped(), contact_id) is not None
    with pytest.raises(ApiRefused, match="not mailable"):
        client.start_import(account.list_id, [(address, wire.import_row(address, {}))])


def _keep(file: Path, given: dict[str, Any]) -> None:
    """Write the new tokens down before anything else can go wrong: the old refresh token may be worth nothing now."""
    content = json.loads(file.read_text(encoding="utf-8"))
    content |= {name: given[name] for name in ("access_token", "refresh_token") if given.get(name)}
    fresh = file.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps(content, indent=2), encoding="utf-8")
    fresh.replace(file)
