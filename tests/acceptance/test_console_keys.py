"""The console while the key ring is away: each page says so calmly, and none names a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.console.access import Role
from tests.console import open_console

if TYPE_CHECKING:
    import pytest

    from tests.installation import Installation

_PAGES = ("", "connections/acme", "integrations", "connections/acme/settings", "connections/acme/run", "runs/1")
_SAYS = "The key ring is missing: an administrator"


def test_without_the_key_ring_every_page_says_so_and_every_connection_needs_somebody(
    installation: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    contact = installation.add("ada@example.com")
    assert installation.connect().code == 0
    installation.run()
    with open_console(installation) as console:
        admin = console.signed_in(Role.ADMIN)
        (installation.folder / "keys.json").unlink()
        pages = [admin.page(f"/{path}") for path in (*_PAGES, "runs/1/rows")]
        who = f"/connections/acme/contacts/{contact}"
        pages += (asked := admin.get(who)).text, admin.post("/connections/acme/reconnect", **_PASTED).text
        totals = admin.json("/index.json")["totals"]
        card = admin.json("/integrations.json")["cards"][0]
        shown = admin.json("/connections/acme.json")
    assert [_SAYS in page for page in pages] == [True] * len(pages)
    assert not [page for page in pages if "keys.json" in page or str(installation.folder) in page]
    assert (asked.status_code, totals["needs_you"]) == (503, 1)
    assert (card["face"]["kind"], card["need"], card["why"]) == ("needs", None, shown["badge"])
    assert shown["badge"].startswith(_SAYS)
    assert "keys.json" in caplog.text


def test_a_key_ring_that_is_broken_is_said_to_be(installation: Installation) -> None:
    installation.connect()
    with open_console(installation) as console:
        (installation.folder / "keys.json").write_text("{", encoding="utf-8")
        assert "The key ring can&#39;t be used: an administrator" in console.signed_in(Role.VIEWER).page("/")


_PASTED = {"api_key": "key", "access_token": "token"}
