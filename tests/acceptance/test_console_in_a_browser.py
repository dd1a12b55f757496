"""A person's whole way through the console, in a real Chromium: both sides agree with each step."""

from __future__ import annotations

import logging
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from reconciler.bootstrap import Process
from reconciler.console import links, rendering, server
from reconciler.console.access import Role
from reconciler.settings import Settings
from tests.browsers import CHROMIUM, Eyes, chromium

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.console.answers import Page
    from reconciler.console.desk import Desk
    from tests.installation import Installation

#: A folder for pictures of every page, where somebody wants to look at them.
_PICTURES: Final = os.environ.get("CONSOLE_PICTURES")
_SLOW_SECONDS: Final = 4
_PEOPLE: Final = ("ada", "bob", "cy", "dora", "eve")

#: What extends the frame is a page.
_TEMPLATES: Final = {
    each.name for each in (Path(rendering.__file__).parent / "templates").iterdir() if "{% extends" in each.read_text()
}
#: Where a script goes on at once: they are looked at by themselves.
_ONLY_ON_THE_WAY: Final = {"leaving.html", "came_back.html"}

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="there is no Chromium here: no page of the console was looked at"
)


@dataclass(frozen=True)
class Visit:
    """Somebody at a browser, the console they look at, and both sides behind it."""

    eyes: Eyes
    desk: Desk
    acme: Installation

    def go(self, path: str) -> None:
        self.eyes.page.goto(f"{self.desk.address}{path}")

    def press(self, name: str) -> None:
        self.eyes.page.get_by_role("button", name=name, exact=True).click()

    def follow(self, name: str) -> None:
        self.eyes.page.get_by_role("link", name=name, exact=True).first.click()

    def fill(self, label: str, text: str) -> None:
        self.eyes.page.get_by_label(label, exact=True).fill(text)

    def says(self, text: str) -> None:
        """The page says so, now or in a moment."""
        self.eyes.page.get_by_text(text).first.wait_for()

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        return self.acme.sql(statement)

    def sign_in(self, *, looks: bool = True) -> None:
        query = links.make(self.desk.ledger, Role.ADMIN, ("acme",), "cli:somebody", self.desk.random_bytes)
        self.go(f"/sign-in?{query}")
        if looks:
            self.eyes.look("sign-in")
        self.press("Sign in")
        self.eyes.page.wait_for_url(f"{self.desk.address}/")


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The templates of the pages that were looked at closely."""
    shown: list[str] = []
    looked: set[str] = set()
    html, look = rendering.html, Eyes.look

    def noting(answer: Page, *rest: Any) -> str:
        shown.append(answer.template)
        return html(answer, *rest)

    def looking(eyes: Eyes, name: str) -> None:
        look(eyes, name)
        # It has been loaded anew by then: a run may have ended meanwhile.
        looked.add(next(each for each in reversed(shown) if each != "progress.html"))

    monkeypatch.setattr(rendering, "html", noting)
    monkeypatch.setattr(Eyes, "look", looking)
    return looked


@pytest.fixture
def visit(installation: Installation, request: pytest.FixtureRequest) -> Iterator[Visit]:
    here = Process(Settings.load(os.environ, None))
    ledger = here.ledger()
    pictures, has_scripts = Path(_PICTURES) if _PICTURES else None, getattr(request, "param", True)
    with (
        server.serving(here, ledger, ("127.0.0.1", 0), lambda _: None) as desk,
        chromium(desk.address, pictures, has_scripts=has_scripts) as eyes,
    ):
        yield Visit(eyes, desk, installation)
        here.stop.ask()
    ledger.close()


def test_from_a_wrong_token_to_a_list_in_step_and_back(
    looked_at: set[str], visit: Visit, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in _PEOPLE:
        visit.acme.add(f"{name}@example.com", first_name=name.capitalize(), last_name="Example")
    visit.acme.api.door.contact(action="create", email="eve@example.com")
    visit.acme.api.door.contact(action="unsubscribe", email="eve@example.com")
    visit.sign_in()
    visit.eyes.look("no-connection")
    _connect(visit)
    _sync_first(visit)
    _find_who_is_off(visit)
    _resync(visit)
    _approve(visit)
    _look_around(visit)
    _disconnect(visit)
    _keep_secrets(visit, caplog.text)
    assert _TEMPLATES - looked_at == _ONLY_ON_THE_WAY, "every page was looked at"


@pytest.mark.parametrize("visit", [False], indirect=True)
def test_without_a_script_everything_works_but_live_progress(visit: Visit) -> None:
    visit.acme.add("ada@example.com", first_name="Ada")
    visit.sign_in(looks=False)
    visit.go("/connect?workspace=acme")
    visit.fill("API Key", visit.acme.api.api_key)
    visit.press("Sign in with Constant Contact")
    visit.follow("Go to Constant Contact")
    visit.press("Allow")
    visit.eyes.page.wait_for_url("**/connect/return?**")
    visit.press("Go on")
    visit.eyes.page.locator(f"input[type=radio][value='{visit.acme.api.list_id}']").check()
    visit.press("Connect this list")
    visit.press("See what the first sync would do")
    _look_again_until(visit, "Would be added")
    visit.press("Start first sync")
    _look_again_until(visit, "completed")
    assert set(visit.acme.api.members()) == {"ada@example.com"}
    assert visit.eyes.page.locator("time").first.inner_text().endswith("UTC")


def test_where_a_script_goes_on_at_once_or_asks_again_everybody_can_use_the_page(visit: Visit) -> None:
    page = visit.eyes.page
    visit.sign_in(looks=False)
    # Without its script a page stands still.
    page.route("**/static/console.js", lambda route: route.abort())
    visit.go("/connect?workspace=acme")
    visit.fill("API Key", visit.acme.api.api_key)
    visit.press("Sign in with Constant Contact")
    visit.eyes.look("leaving")
    visit.follow("Go to Constant Contact")
    visit.press("Allow")
    page.wait_for_url("**/connect/return?**")
    visit.eyes.came.clear()
    visit.eyes.look("came-back")
    page.unroute("**/static/console.js")
    visit.acme.api.door.switch(device_interval_seconds=1)
    visit.go("/connect?workspace=acme")
    visit.fill("API Key", visit.acme.api.api_key)
    visit.press("Sign in at another screen")
    code = page.locator(".code").inner_text()
    visit.press("I have entered the code")
    visit.says("Nobody has allowed it there yet")
    page.get_by_role("link", name="Back, and change nothing").focus()
    for _ in range(2):
        with page.expect_response("**/device"):
            pass
    assert page.evaluate("document.activeElement.innerText") == "Back, and change nothing"
    visit.acme.api.door.device(code, "approve")
    page.wait_for_url("**/list")


def test_who_waits_stays_where_they_are_and_signs_in_once_the_session_is_over(
    visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = visit.eyes.page
    led: list[list[str]] = []
    visit.acme.add("ada@example.com")
    assert visit.acme.connect().code == 0
    visit.sign_in(looks=False)
    with monkeypatch.context() as patch:
        patch.setattr(visit.desk.background, "is_busy", lambda _: True)
        visit.go("/connections/acme/resync/plan")
        page.get_by_role("link", name="Look again").focus()
        for _ in range(2):
            with page.expect_response("**/resync/plan"):
                pass
        assert page.evaluate("document.activeElement.innerText") == "Look again"
        visit.sql("DELETE FROM reconciler.console_sessions")
        page.wait_for_url("**/sign-in")
    visit.sign_in(looks=False)

    def look(_: str) -> None:
        for (run,) in visit.sql("SELECT run_id FROM reconciler.runs WHERE state IS NULL") if not led else ():
            visit.go(f"/runs/{run}")
            visit.sql("DELETE FROM reconciler.console_sessions")
            page.wait_for_url("**/sign-in")
            led.append(page.locator("h1").all_inner_texts())

    visit.acme.run_telling(look)
    assert led == [["Sign in"]]


def _look_again_until(visit: Visit, text: str) -> None:
    for _ in range(100):
        if visit.eyes.page.get_by_text(text).count():
            return
        visit.eyes.page.wait_for_timeout(100)
        visit.follow("Look again")
    pytest.fail(f"the page never said {text!r}")


def _connect(visit: Visit) -> None:
    """A wrong token is told at its field; the right one leads to the lists of the account."""
    visit.go("/integrations")
    visit.says("Not connected")
    visit.eyes.look("integrations-empty")
    visit.follow("Connect acme")
    visit.eyes.look("connect")
    visit.fill("API Key", visit.acme.api.api_key)
    visit.fill("Access Token", "a-token-of-nobody")
    visit.press("Save & Connect")
    visit.says("refused")
    error = visit.eyes.page.locator("#access_token-error")
    assert "token" in error.inner_text().lower()
    visit.eyes.look("connect-refused")
    assert visit.sql("SELECT count(*) FROM reconciler.connections") == [(0,)]
    visit.fill("API Key", visit.acme.api.api_key)
    visit.fill("Access Token", visit.acme.api.access_token)
    visit.press("Save & Connect")
    visit.eyes.look("choose-list")
    visit.eyes.page.locator(f"input[type=radio][value='{visit.acme.api.list_id}']").check()
    visit.press("Connect this list")
    visit.eyes.page.wait_for_url("**/connections/acme/start")
    [(sealed,)] = visit.sql("SELECT access_token_sealed FROM reconciler.accounts")
    assert sealed.startswith("v1.")
    assert visit.acme.api.imported() == []
    assert visit.acme.say("set", "acme", "poll_first_seconds=0.3", "read_back_pause_seconds=0.1").code == 0


def _sync_first(visit: Visit) -> None:
    """What the first sync would do is shown, then it is watched until its report is there."""
    visit.eyes.look("start")
    visit.press("See what the first sync would do")
    visit.says("Would be added")
    visit.eyes.look("consequences")
    assert visit.acme.api.imported() == []
    visit.acme.api.door.switch(activity_seconds=_SLOW_SECONDS)
    visit.press("Start first sync")
    visit.eyes.page.wait_for_url(re.compile(r".*/runs/\d+$"))
    visit.says("Sending")
    visit.eyes.look("run-going")
    visit.says("completed")
    visit.acme.api.door.switch(activity_seconds=0)
    visit.eyes.look("run")
    hovered = visit.eyes.page.evaluate("document.querySelector('figure g title').textContent")
    assert re.search(r", \d+:\d\d.[AP]M \(\d{4}-\d\d-\d\d \d\d:\d\d UTC\): ", hovered), hovered
    assert set(visit.acme.api.members()) == {f"{name}@example.com" for name in _PEOPLE[:4]}
    visit.go("/connections/acme")
    assert visit.eyes.page.locator(".badge.ok").first.inner_text() == "Connected"
    visit.eyes.look("connection")


def _find_who_is_off(visit: Visit) -> None:
    """From the report to one person who isn't on the list, and why."""
    [(run,)] = visit.sql("SELECT max(run_id) FROM reconciler.runs")
    visit.go(f"/runs/{run}/rows")
    visit.eyes.look("rows")
    visit.fill("One person", "eve@example.com")
    visit.press("Find")
    visit.says("unsubscribed")
    visit.go("/connections/acme/contacts")
    visit.eyes.look("contacts")
    visit.fill("Person", "eve@example.com")
    visit.press("Find")
    visit.says("is not on the list")
    visit.says("unsubscribed")
    assert "eve@example.com" not in visit.eyes.page.url
    visit.eyes.look("contact")


def _resync(visit: Visit) -> None:
    """A full resync: its plan first, then that plan."""
    visit.acme.sql("UPDATE contacts SET last_name = 'Renamed' WHERE first_name = 'Ada'")
    visit.go("/connections/acme/resync")
    visit.eyes.look("resync")
    visit.press("See what it would do")
    visit.says("Would be updated")
    visit.eyes.look("resync-plan")
    assert visit.acme.api.members()["ada@example.com"]["last_name"] == "Example"
    visit.press("Push this plan")
    visit.eyes.page.wait_for_url(re.compile(r".*/runs/\d+$"))
    visit.says("completed")
    assert visit.acme.api.members()["ada@example.com"]["last_name"] == "Renamed"
    assert visit.sql("SELECT mode, reason, state FROM reconciler.runs ORDER BY run_id DESC LIMIT 1") == [
        ("full", "forced", "completed")
    ]


def _approve(visit: Visit) -> None:
    """A plan that changes too much is held, is told on the card, and goes once somebody approves it."""
    assert visit.acme.say("set", "acme", "guard_least=2", "guard_updated_percent=25").code == 0
    visit.acme.sql("UPDATE contacts SET last_name = 'All'")
    visit.go("/connections/acme/run")
    visit.eyes.look("run-now")
    visit.press("Run now")
    visit.eyes.page.wait_for_url(re.compile(r".*/runs/\d+$"))
    visit.says("held")
    visit.eyes.look("run-held")
    visit.go("/connections/acme")
    assert visit.eyes.page.locator(".badge.needs").first.inner_text() == "Needs you"
    visit.eyes.look("connection-held")
    visit.follow("Approve")
    visit.eyes.look("approve")
    assert {member["last_name"] for member in visit.acme.api.members().values()} == {"Example", "Renamed"}
    visit.press("Approve")
    visit.eyes.page.wait_for_url(re.compile(r".*/runs/\d+$"))
    visit.says("completed")
    assert {member["last_name"] for member in visit.acme.api.members().values()} == {"All"}


def _look_around(visit: Visit) -> None:
    """The pages that nobody has come by yet."""
    pages = {
        "overview": "/",
        "integrations": "/integrations",
        "settings": "/connections/acme/settings",
        "reconnect": "/connections/acme/reconnect",
        "retry": "/connections/acme/retry",
        "rejoin": "/connections/acme/rejoin",
        "pause": "/connections/acme/pause",
        "resume": "/connections/acme/resume",
        "audit": "/audit",
        "nothing-there": "/connections/other",
    }
    for name, path in pages.items():
        visit.go(path)
        visit.eyes.look(name)
    visit.acme.api.door.switch(device_interval_seconds=60)
    visit.go("/connections/acme/reconnect")
    visit.fill("API Key", visit.acme.api.api_key)
    visit.press("Sign in at another screen")
    visit.says("Enter this code")
    visit.eyes.look("another-screen")
    visit.acme.sql("UPDATE reconciler.connections SET paused_at = now()")
    visit.go("/connections/acme/run")
    visit.press("Run now")
    visit.says("It is paused")
    visit.eyes.look("paused")
    visit.acme.sql("UPDATE reconciler.connections SET paused_at = NULL")


def _disconnect(visit: Visit) -> None:
    visit.go("/connections/acme/disconnect")
    visit.eyes.look("disconnect")
    visit.press("Disconnect")
    visit.eyes.page.wait_for_url("**/connections/acme")
    visit.says("Needs you")
    visit.eyes.look("disconnected")
    assert visit.sql("SELECT access_token_sealed, api_key_sealed FROM reconciler.accounts") == [(None, None)]
    assert len(visit.acme.api.members()) == len(_PEOPLE) - 1
    visit.press("Sign out")
    visit.eyes.page.wait_for_url("**/sign-in")
    visit.go("/connections/acme")
    assert visit.eyes.page.url.endswith("/sign-in")


def _keep_secrets(visit: Visit, log: str) -> None:
    """No page, header, address or log line of all that has a secret, or anybody's address in full."""
    visit.eyes.remember()
    # But for the field in which somebody had typed it themselves.
    told = "\n".join(visit.eyes.texts).replace('value="eve@example.com"', "")
    api = visit.acme.api
    assert "Would be added" in told, "the pages were read"
    for secret in (api.access_token, api.api_key):
        assert secret not in told
        assert secret not in log
    for name in _PEOPLE:
        assert f"{name}@example.com" not in told
        assert f"{name}@example.com" not in log
    cookies = re.findall(r"__Host-sid=[\w-]{20,}", told + log)
    assert cookies == []
