"""The console as people have it: pages that are asked for and forms that are sent, without a browser."""

from __future__ import annotations

import contextlib
import os
import re
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.testclient import TestClient

from reconciler.bootstrap import Process
from reconciler.console import links, sessions, sign_in
from reconciler.console.access import Role
from reconciler.console.app import application
from reconciler.console.background import Background
from reconciler.console.desk import Desk
from reconciler.console.pages import ROUTES
from reconciler.console.throttle import Throttle
from reconciler.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.console.identity import Proxy
    from tests.installation import Installation

ADDRESS = "https://sync.example.com"
_FORM_TOKEN = re.compile(r'name="form_token" value="([0-9a-f]{64})"')


@dataclass(frozen=True)
class Console:
    """The console of an installation."""

    desk: Desk
    app: Any

    def visitor(self) -> Visitor:
        """Somebody with a browser of their own, not signed in."""
        client = TestClient(self.app, base_url=ADDRESS, follow_redirects=False, raise_server_exceptions=False)
        return Visitor(self, client)

    def signed_in(self, role: Role = Role.ADMIN, *workspaces: str) -> Visitor:
        """Somebody who has signed in by a one-time address; without workspaces for all of them."""
        visitor = self.visitor()
        assert visitor.sign_in(role, *workspaces).status_code == 303
        return visitor

    def wait(self, name: str = "acme") -> None:
        """Wait until the runs that were asked for have ended."""
        until = time.monotonic() + 60
        while self.desk.background.is_busy(name):
            assert time.monotonic() < until, "the run never ended"
            time.sleep(0.02)


@dataclass(frozen=True)
class Visitor:
    """Somebody with a browser."""

    console: Console
    client: TestClient

    def sign_in(self, role: Role, *workspaces: str) -> Any:
        query = links.make(self.console.desk.ledger, role, workspaces, "cli:somebody", self.console.desk.random_bytes)
        return self.client.post("/sign-in", data={"link": query.removeprefix("link=")}, headers={"Origin": ADDRESS})

    @property
    def form_token(self) -> str:
        """The token that the forms of this session have."""
        return sessions._form_token(str(self.client.cookies[sessions.COOKIE]))

    def get(self, path: str) -> Any:
        return self.client.get(path)

    def page(self, path: str) -> str:
        """A page that is there."""
        found = self.client.get(path)
        assert found.status_code == 200, (path, found.status_code, found.text[:500])
        return found.text

    def json(self, path: str) -> Any:
        """What a page shows, as JSON."""
        found = self.client.get(path)
        assert found.status_code == 200, (path, found.status_code, found.text[:500])
        return found.json()

    def post(self, path: str, **form: str) -> Any:
        """Send a form as its page would."""
        whole = {"form_token": self.form_token, "once": uuid.uuid4().hex, **form}
        return self.client.post(path, data=whole, headers={"Origin": ADDRESS})


@contextlib.contextmanager
def open_console(installation: Installation, proxy: Proxy | None = None) -> Iterator[Console]:
    """The console of this installation, with runs behind its pages as in life."""
    here = Process(Settings.load(os.environ, None))
    ledger = here.ledger()
    parts = here.parts(ledger, lambda _: None)
    background = Background(lambda: parts, lambda _: None)
    desk = Desk(here, ledger, ADDRESS, background, proxy, Throttle(20, here.monotonic))
    try:
        yield Console(desk, application(desk, ROUTES, sign_in.ROUTES))
    finally:
        here.stop.ask()
        background.close()
        ledger.close()
