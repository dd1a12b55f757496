"""What the inside is called reaches no page and no file of the console, and no template has it in its text."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import TYPE_CHECKING

import reconciler
from tests.console import open_console

if TYPE_CHECKING:
    from tests.installation import Installation

_INSIDE = re.compile(r"\b(?:digest|fence|mirror|window|candidate)s?\b", re.IGNORECASE)
_NOT_SEEN = re.compile(r"(?s)<(style|script)\b.*?</\1>|<[^>]*>")
_JINJA = re.compile(r"(?s)\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}")
_PAGES = (
    "/",
    "/integrations",
    "/audit",
    *(f"/connections/acme{each}" for each in ("", "/run", "/pause", "/resume", "/disconnect", "/reconnect", "/start")),
    *(f"/connections/acme{each}" for each in ("/settings", "/resync", "/resync/plan", "/retry", "/rejoin", "/going")),
    "/connections/acme/contacts",
    "/connect",
)


def of_the_inside(text: str) -> list[str]:
    """The words of the inside that somebody reads."""
    return _INSIDE.findall(html.unescape(_NOT_SEEN.sub(" ", text)))


def test_no_page_and_no_file_has_a_word_of_the_inside(installation: Installation) -> None:
    contact = installation.add("ada@example.com", first_name="Ada")
    installation.add("bob@example.com")
    assert installation.connect().code == 0
    assert installation.say("set", "acme", "window=auto", "mirror_fresh_seconds=60", "guard_least=1").code == 0
    installation.run()
    installation.change(contact, last_name="Lovelace")
    assert installation.say("run", "acme", "--full", "--only-if", "another").code == 4
    assert installation.say("run", "acme", "--full").code in (0, 4)
    runs = [run for (run,) in installation.sql("SELECT run_id FROM reconciler.runs")]
    files = [f"/runs/{run}{each}" for run in runs for each in ("", "/rows", "/report.csv", "/report.html")]
    with open_console(installation) as console:
        admin = console.signed_in()
        read = {
            path: admin.client.get(path, follow_redirects=True).text
            for path in (*_PAGES, *files, f"/connections/acme/contacts/{contact}")
        }
    assert len(runs) > 3
    assert {path: found for path, text in read.items() if (found := of_the_inside(text))} == {}


def test_no_template_has_a_word_of_the_inside_in_its_text() -> None:
    templates = list(Path(reconciler.__file__).parent.rglob("templates/*.html"))
    texts = {each.name: _JINJA.sub(" ", each.read_text(encoding="utf-8")) for each in templates}
    assert len(texts) > 20
    assert {name: found for name, text in texts.items() if (found := of_the_inside(text))} == {}
    assert of_the_inside("<p>The window.</p>") == ["window"]
