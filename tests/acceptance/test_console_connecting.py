"""Connecting in the console: each field says what is wrong with it, and no secret comes back."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.console.access import Role
from tests.browsing import answered
from tests.console import Console, Visitor, open_console

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.installation import Installation

pytestmark = pytest.mark.http
HERE = "https://localhost:8443"
WRONG = "wrong-token-0123456789"
_LEADS = re.compile(r'href="([^"]*)" data-at-once')


@pytest.fixture
def console(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Iterator[Console]:
    """At an address of this machine: the simulated Constant Contact sends no browser anywhere else."""
    monkeypatch.setattr("tests.console.ADDRESS", HERE)
    monkeypatch.setattr("reconciler.api_access._TOKENS_PER_SECOND", 1000.0)
    installation.add("ada@example.com", first_name="Ada")
    with open_console(installation) as console:
        yield console


@pytest.fixture
def admin(console: Console) -> Visitor:
    return console.signed_in(Role.ADMIN, "acme")


@pytest.fixture(autouse=True)
def _no_secret_comes_back(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever a test is about: no body that a browser gets has a token or an API key in it."""
    bodies: list[str] = []
    get, post = Visitor.get, Visitor.post

    def noting(answer: Any) -> Any:
        # But for the link to Constant Contact's sign-in, which has to name the application.
        bodies.append(_LEADS.sub("", answer.text))
        return answer

    monkeypatch.setattr(Visitor, "get", lambda self, path: noting(get(self, path)))
    monkeypatch.setattr(Visitor, "post", lambda self, path, **form: noting(post(self, path, **form)))
    yield
    secrets = (installation.api.access_token, installation.api.api_key, installation.api.refresh_token, WRONG)
    assert not [each for each in secrets for body in bodies if len(each) > 12 and each in body]
    assert bodies


def pasted(installation: Installation, **changed: str) -> dict[str, str]:
    given = {"api_key": installation.api.api_key, "access_token": installation.api.access_token}
    return {"name": "acme", "workspace": "acme", "way": "pasted", **given, **changed}


def connected(installation: Installation) -> list[tuple[Any, ...]]:
    return installation.sql("SELECT name, workspace, CAST(list_id AS text) FROM reconciler.connections")


def kept(installation: Installation) -> int:
    """How many drafts there are."""
    return int(installation.sql("SELECT count(*) FROM reconciler.console_drafts")[0][0])


def with_list(admin: Visitor, at: str, list_id: str) -> Any:
    return admin.post(at, list=list_id)


def leads_to(answer: Any) -> str:
    """Where the page leads that goes on to Constant Contact's sign-in."""
    found = _LEADS.search(answer.text)
    assert found is not None, answer.text[:500]
    return html.unescape(found[1])


def test_a_wrong_token_is_said_at_its_field_and_nothing_is_kept(installation: Installation, admin: Visitor) -> None:
    sent = admin.post("/connect", **pasted(installation, access_token=WRONG))
    assert sent.status_code == 400
    assert '<p class="error" id="access_token-error">' in sent.text
    assert 'id="api_key-error"' not in sent.text
    assert 'name="name" type="text" value="acme"' in sent.text
    assert (connected(installation), kept(installation)) == ([], 0)


@pytest.mark.parametrize(
    ("field", "text", "told"),
    [
        ("name", "a b", "letters, digits, dots"),
        ("workspace", "globex", "Choose one of your workspaces."),
        ("api_key", "", "API Key is needed here."),
        ("access_token", "two words", "Access Token must be one line of text without blanks"),
    ],
)
def test_each_field_has_its_own_fault_and_nobody_is_asked(
    installation: Installation, admin: Visitor, field: str, text: str, told: str
) -> None:
    before = installation.api.calls()
    sent = admin.post("/connect", **pasted(installation, **{field: text}))
    assert sent.status_code == 400
    fault = sent.text.partition(f'id="{field}-error">')[2].partition("</p>")[0]
    assert told in fault
    assert sent.text.count('aria-invalid="true"') == 1
    assert installation.api.calls() == before


def test_a_right_token_leads_to_the_lists_and_the_list_to_a_connection_that_is_sealed(
    installation: Installation, admin: Visitor
) -> None:
    assert "Save &amp; Connect" in admin.page("/connect")
    sent = admin.post("/connect", **pasted(installation))
    assert sent.status_code == 303, sent.text
    at = sent.headers["location"]
    shown = admin.json(f"{at}.json")
    assert shown["account"] in admin.page(at)
    assert installation.api.list_id in [each["list_id"] for each in shown["lists"]]
    assert connected(installation) == []
    chosen = with_list(admin, at, installation.api.list_id)
    assert chosen.headers["location"] == "/connections/acme/start"
    assert connected(installation) == [("acme", "acme", installation.api.list_id)]
    assert kept(installation) == 0
    [(key, token)] = installation.sql("SELECT api_key_sealed, access_token_sealed FROM reconciler.accounts")
    assert key.startswith("v1.")
    assert token.startswith("v1.")
    assert installation.api.access_token not in str(
        installation.sql("SELECT to_jsonb(d) FROM reconciler.console_done AS d")
    )


def test_what_a_draft_keeps_is_sealed_and_for_its_session_only(
    installation: Installation, console: Console, admin: Visitor
) -> None:
    at = admin.post("/connect", **pasted(installation)).headers["location"]
    row = str(installation.sql("SELECT to_jsonb(d) FROM reconciler.console_drafts AS d"))
    assert installation.api.access_token not in row
    assert installation.api.api_key not in row
    other = console.signed_in(Role.ADMIN)
    assert other.get(at).status_code == 400
    assert with_list(other, at, installation.api.list_id).status_code == 400
    installation.later(16)
    assert admin.get(at).status_code == 200
    installation.later(16)
    assert admin.get(at).status_code == 400
    assert connected(installation) == []


def test_the_address_of_a_lists_page_is_as_good_as_its_id(installation: Installation, admin: Visitor) -> None:
    at = admin.post("/connect", **pasted(installation)).headers["location"]
    none = admin.post(at)
    assert "Choose a list" in none.text
    wrong = admin.post(at, list_id="https://example.com/lists/nothing")
    assert 'id="list_id-error"' in wrong.text
    page = f"https://app.constantcontact.com/pages/contacts/ui#lists/{installation.api.list_id}?view=all"
    assert admin.post(at, list_id=page).status_code == 303
    assert connected(installation) == [("acme", "acme", installation.api.list_id)]


def test_a_crm_that_can_not_be_read_says_so_and_what_was_given_is_kept(
    installation: Installation, admin: Visitor
) -> None:
    at = admin.post("/connect", **pasted(installation)).headers["location"]
    installation.sql("ALTER TABLE contacts RENAME TO people")
    refused = with_list(admin, at, installation.api.list_id)
    assert refused.status_code == 400
    assert "The CRM can't be read" in refused.text
    assert connected(installation) == []
    installation.sql("ALTER TABLE people RENAME TO contacts")
    assert with_list(admin, at, installation.api.list_id).status_code == 303


def test_a_name_of_a_workspace_that_is_not_theirs_is_neither_told_nor_replaced(
    installation: Installation, console: Console, admin: Visitor
) -> None:
    everywhere = console.signed_in(Role.ADMIN)
    at = everywhere.post("/connect", **pasted(installation, name="secret", workspace="globex")).headers["location"]
    raced = admin.post("/connect", **pasted(installation, name="secret")).headers["location"]
    with_list(everywhere, at, installation.api.list_id)
    refused = admin.post("/connect", **pasted(installation, name="secret"))
    assert "This name can&#39;t be used." in refused.text
    assert "globex" not in refused.text
    late = with_list(admin, raced, installation.api.list_id)
    assert late.status_code == 400
    assert "globex" not in late.text
    assert connected(installation) == [("secret", "globex", installation.api.list_id)]


def test_of_two_who_make_a_connection_of_one_name_the_second_replaces_nothing(
    installation: Installation, console: Console, admin: Visitor
) -> None:
    other = console.signed_in(Role.ADMIN, "acme")
    first = admin.post("/connect", **pasted(installation)).headers["location"]
    second = other.post("/connect", **pasted(installation)).headers["location"]
    assert with_list(admin, first, installation.api.list_id).status_code == 303
    before = installation.sql(
        "SELECT to_jsonb(c), to_jsonb(a) FROM reconciler.connections AS c, reconciler.accounts AS a"
    )
    refused = with_list(other, second, installation.api.list_id)
    assert refused.status_code == 400
    assert "can&#39;t be used any more" in refused.text
    after = installation.sql(
        "SELECT to_jsonb(c), to_jsonb(a) FROM reconciler.connections AS c, reconciler.accounts AS a"
    )
    assert after == before


@pytest.mark.parametrize("way", ["code", "device"])
def test_a_sign_in_for_a_new_connection_connects_none_again_that_was_made_meanwhile(
    installation: Installation, admin: Visitor, way: str
) -> None:
    installation.api.door.switch(device_approval_polls=1)
    sent = admin.post("/connect", **pasted(installation, way=way, access_token=""))
    assert installation.connect().code == 0
    before = installation.sql("SELECT access_token_sealed, refresh_token_sealed FROM reconciler.accounts")
    if way == "code":
        refused = admin.post("/connect/return", **answered(leads_to(sent), "Allow").query)
    else:
        refused = admin.post(sent.headers["location"])
    assert refused.status_code == 400, refused.headers
    assert "connect under another name" in refused.text.lower()
    assert installation.sql("SELECT access_token_sealed, refresh_token_sealed FROM reconciler.accounts") == before
    assert kept(installation) == 0


def test_a_list_that_is_sent_twice_connects_once(installation: Installation, admin: Visitor) -> None:
    at = admin.post("/connect", **pasted(installation)).headers["location"]
    went = [admin.post(at, list=installation.api.list_id, once="one-number") for _ in range(2)]
    assert [each.headers["location"] for each in went] == ["/connections/acme/start"] * 2
    [(times,)] = installation.sql("SELECT count(*) FROM reconciler.audit WHERE action = 'connect'")
    assert times == 1


def test_a_sign_in_with_another_account_renews_nothing_and_keeps_nothing(
    installation: Installation, admin: Visitor
) -> None:
    assert installation.connect().code == 0
    sealed = installation.sql("SELECT access_token_sealed FROM reconciler.accounts")
    installation.sql("UPDATE reconciler.accounts SET encoded_account_id = 'another'")
    installation.api.door.switch(device_approval_polls=1)
    at = admin.post("/connections/acme/reconnect", **pasted(installation, way="device")).headers["location"]
    refused = admin.post(at)
    while refused.status_code == 200:
        installation.api.door.advance(10)
        refused = admin.post(at)
    assert "connect under another name" in refused.text
    assert kept(installation) == 0
    assert installation.sql("SELECT access_token_sealed FROM reconciler.accounts") == sealed


def test_nobody_but_an_admin_connects(installation: Installation, console: Console) -> None:
    operator = console.signed_in(Role.OPERATOR, "acme")
    assert operator.get("/connect").status_code == 403
    assert operator.post("/connect", **pasted(installation)).status_code == 403


def test_reconnecting_takes_a_token_of_the_same_account_only(
    installation: Installation, console: Console, admin: Visitor
) -> None:
    assert installation.connect().code == 0
    sealed = "SELECT access_token_sealed FROM reconciler.accounts"
    before = installation.sql(sealed)
    installation.sql("UPDATE reconciler.accounts SET encoded_account_id = 'another'")
    refused = admin.post("/connections/acme/reconnect", **pasted(installation))
    assert refused.status_code == 400
    assert "connect under another name" in refused.text.partition('id="access_token-error">')[2]
    assert installation.sql(sealed) == before
    [(account,)] = installation.sql("SELECT count(*) FROM reconciler.accounts")
    assert account == 1


def test_reconnecting_with_the_same_account_goes_on_where_it_was(installation: Installation, admin: Visitor) -> None:
    assert installation.connect().code == 0
    installation.run()
    assert installation.say("disconnect", "acme").code == 0
    assert "API Key" in admin.page("/connections/acme/reconnect")
    sent = admin.post("/connections/acme/reconnect", **pasted(installation, name="other", workspace="globex"))
    assert sent.headers["location"] == "/connections/acme"
    assert connected(installation) == [("acme", "acme", installation.api.list_id)]
    assert installation.run()["state"] in ("nothing_to_do", "completed")


def test_a_sign_in_in_the_browser_leads_to_the_lists_and_lives_on_the_consent(
    installation: Installation, admin: Visitor
) -> None:
    sent = admin.post("/connect", **pasted(installation, way="code", access_token=""))
    back = answered(leads_to(sent), "Allow")
    assert back.address == f"{HERE}/connect/return"
    page = admin.page(f"/connect/return?code={back.query['code']}&state={back.query['state']}")
    assert "data-at-once" in page
    assert kept(installation) == 1
    went, again = [admin.post("/connect/return", once="one-number", **back.query) for _ in range(2)]
    assert went.status_code == 303, went.text
    assert again.headers["location"] == went.headers["location"]
    assert "Renewed by itself" in admin.page(went.headers["location"])
    with_list(admin, went.headers["location"], installation.api.list_id)
    [(sealed,)] = installation.sql("SELECT refresh_token_sealed FROM reconciler.accounts")
    assert sealed.startswith("v1.")


def test_a_state_is_good_once_in_its_own_session_and_for_ten_minutes(
    installation: Installation, console: Console, admin: Visitor
) -> None:
    form = pasted(installation, way="code", access_token="")
    first = answered(leads_to(admin.post("/connect", **form)), "Allow").query
    other = console.signed_in(Role.ADMIN)
    assert other.post("/connect/return", **first).status_code == 400
    assert admin.post("/connect/return", code=first["code"], state="another").status_code == 400
    assert admin.post("/connect/return", **first).status_code == 303
    assert admin.post("/connect/return", **first).status_code == 400
    late = answered(leads_to(admin.post("/connect", **form)), "Allow").query
    installation.later(11)
    assert admin.post("/connect/return", **late).status_code == 400


def test_a_code_that_is_no_good_leaves_nothing_of_its_sign_in(installation: Installation, admin: Visitor) -> None:
    sent = admin.post("/connect", **pasted(installation, way="code", access_token=""))
    back = answered(leads_to(sent), "Allow").query
    assert kept(installation) == 1
    assert admin.post("/connect/return", code="another", state=back["state"]).status_code == 502
    assert kept(installation) == 0


def test_a_denial_says_so_and_keeps_nothing(installation: Installation, admin: Visitor) -> None:
    sent = admin.post("/connect", **pasted(installation, way="code", access_token=""))
    back = answered(leads_to(sent), "Deny").query
    page = admin.page(f"/connect/return?error=access_denied&state={back['state']}")
    assert "The sign-in was denied there" in page
    assert "data-at-once" not in page
    assert "did not let you sign in" in admin.page("/connect/return?error=server_error&state=any")
    assert "the sign-in was denied" in admin.post("/connect/return", **back).text.lower()
    assert kept(installation) == 0


def test_a_code_at_another_screen_leads_to_the_lists_once_it_was_entered(
    installation: Installation, admin: Visitor
) -> None:
    installation.api.door.switch(device_approval_polls=2)
    sent = admin.post("/connect", **pasted(installation, way="device", access_token=""))
    assert sent.status_code == 303, sent.text
    at = sent.headers["location"]
    code = admin.json(f"{at}.json")["user_code"]
    assert code in admin.page(at)
    waiting = admin.post(at)
    assert "Nobody has allowed it there yet" in waiting.text
    assert "data-at-once" in waiting.text
    installation.api.door.advance(10)
    went = admin.post(at, once="one-number")
    while went.status_code == 200:
        installation.api.door.advance(10)
        went = admin.post(at, once="one-number")
    assert admin.post(at, once="one-number").headers["location"] == went.headers["location"]
    assert admin.post(at).status_code == 400
    assert with_list(admin, went.headers["location"], installation.api.list_id).status_code == 303
    assert connected(installation) == [("acme", "acme", installation.api.list_id)]
