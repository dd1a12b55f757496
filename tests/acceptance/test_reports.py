"""A report as CSV and as HTML: every row, masked unless asked otherwise, and opened in a real browser."""

from __future__ import annotations

import csv
import io
import shutil
from typing import TYPE_CHECKING, Any, Final

import pytest
from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from tests.installation import Installation

_CHROMIUM: Final = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
_COLUMNS: Final = "run_id,contact_id,email,action,field,before,after,outcome,code,message"
_EVIL: Final = '<script>document.title = "taken"</script>'
#: The smallest contrast of any text with what is behind it (WCAG 2.2, 1.4.3).
_CONTRAST: Final = """() => {
  const parse = text => text.match(/[\\d.]+/g).map(Number);
  const linear = value => value <= .03928 ? value / 12.92 : ((value + .055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => .2126 * linear(r / 255) + .7152 * linear(g / 255) + .0722 * linear(b / 255);
  const behind = element => {
    for (let each = element; each; each = each.parentElement) {
      const colour = parse(getComputedStyle(each).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
  };
  const isText = node => node.nodeType === 3 && node.data.trim();
  const texts = [...document.body.querySelectorAll("*")].slice(0, 2000)
    .filter(each => !(each instanceof SVGElement) && [...each.childNodes].some(isText));
  return Math.min(...texts.map(each => {
    const pair = [light(parse(getComputedStyle(each).color)), light(behind(each))].sort((a, b) => b - a);
    return (pair[0] + .05) / (pair[1] + .05);
  }));
}"""


@pytest.fixture
def browser_page() -> Iterator[Page]:
    """A page of a real Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_CHROMIUM, args=["--no-sandbox"])
        yield browser.new_page()
        browser.close()


def cells(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def reached(found: Any, key: str) -> int:
    """The number that a report's JSON has under a key such as `counts.added`."""
    for name in key.split("."):
        found = found[int(name)] if isinstance(found, list) else found[name]
    return int(found)


def test_all_rows_of_a_run_go_into_a_table_that_is_safe_to_open(installation: Installation) -> None:
    acme = installation
    first = "00000000-0000-4000-8000-000000000001"
    acme.add("ada@example.com", id=first, first_name="=1+1", last_name="Lovelace")
    acme.add("ada@example.com")
    acme.add("bob", first_name="Bob")
    acme.connect()
    run = acme.run()

    masked, full = acme.say("report", "--csv", "-"), acme.say("report", "--csv", "rows.csv", "--unmasked")

    assert masked.out.splitlines()[0] == _COLUMNS
    assert len(cells(masked.out)) == len(acme.rows(run["run_id"]))
    assert [word for word in ("ada@", "Lovelace", "1+1", "Bob") if word in masked.out] == []
    assert "a***@example.com" in masked.out
    file = acme.folder / "rows.csv"
    assert (full.out, file.stat().st_mode & 0o777) == ("", 0o600)
    assert "rows.csv, unmasked." in full.err
    rows = cells(file.read_text(encoding="utf-8"))
    assert {(row["field"], row["before"], row["after"]) for row in rows if row["outcome"] == "verified"} == {
        ("first_name", "", "'=1+1"),
        ("last_name", "", "Lovelace"),
    }
    assert {(row["outcome"], row["code"]) for row in rows if not row["field"]} == {
        ("skipped", "duplicate"),
        ("skipped", "invalid"),
    }

    # What the report says beyond its counts is what the ledger and Constant Contact have.
    asked = acme.sql("SELECT activity_id FROM reconciler.batches")
    assert [(activity,) for activity in run["api"]["activities"]] == asked
    assert [(run["mapping"]["digest"],)] == acme.sql("SELECT mapping_digest FROM reconciler.connections")
    because = [(each["bucket"], each["code"], each["who"], each["count"]) for each in run["reasons"]]
    assert because == [("invalid", "invalid", "crm", 1), ("duplicate", "duplicate", "crm", 1)]
    problems = [(each["code"], each["new"], each["retry"], each["next_retry"]) for each in run["problems"]]
    # `connect` has looked at both sides before: it left a report of its own.
    assert problems == [("duplicate", False, "on_change", None), ("invalid", False, "on_change", None)]

    # Standard output takes one of them; and rows that have expired are an error, while the numbers stay.
    assert acme.say("report", "--csv", "-", "--json").code == 2
    acme.later(31 * 24 * 60)
    acme.add("eve@example.com")
    acme.run()
    late = acme.say("report", str(run["run_id"]), "--csv", "late.csv", "--html", "late.html")
    assert late.code == 2
    assert "its rows were deleted on" in late.err
    assert not (acme.folder / "late.csv").exists()
    page = acme.say("report", str(run["run_id"]), "--html", "-").out
    assert "The rows of this run were deleted on" in page
    assert page.count('data-number="counts.read">3<') == 1


@pytest.mark.skipif(
    _CHROMIUM is None, reason="NOT TESTED: there is no Chromium here (Debian: apt-get install chromium)"
)
def test_the_file_of_a_run_of_2000_changes_opens_in_a_browser_and_asks_for_nothing(
    installation: Installation, browser_page: Page
) -> None:
    acme, page = installation, browser_page
    acme.sql(
        "INSERT INTO contacts (workspace, email, first_name, company)"
        " SELECT 'acme', 'p' || n || '@example.com', %s, 'No ' || n FROM generate_series(1, 2001) AS n",
        _EVIL,
    )
    acme.add("bob")
    acme.connect()
    run = acme.run()
    said = acme.say("report", "--html", "report.html", "--unmasked")
    asked: list[str] = []
    errors: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: errors.append(message.text))
    page.on("pageerror", lambda error: errors.append(str(error)))

    page.goto((acme.folder / "report.html").as_uri())

    assert said.out == ""
    assert run["counts"]["added"] == 2001
    assert [url for url in asked if not url.startswith("data:")] == [(acme.folder / "report.html").as_uri()]
    assert errors == []
    assert page.title() == f"Run {run['run_id']} of acme - completed with problems"
    shown = page.eval_on_selector_all(
        "[data-number]", "all => all.map(each => [each.dataset.number, each.textContent])"
    )
    assert len(shown) > 20
    assert [(key, text) for key, text in shown if f"{reached(run, key):,}" != text] == []
    assert page.locator("#rows-added + table tbody tr").count() == 2000
    assert "And 1 more: reconciler report" in page.inner_text("#rows-added ~ p >> nth=0")
    assert f'first_name: "" -> "{_EVIL}"' in page.inner_text("#rows-added + table tbody tr >> nth=0")
    page.click("a[href='#rows-invalid'] >> nth=0")
    assert page.url.endswith("#rows-invalid")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate(_CONTRAST) >= 4.5
    for width in (390, 360):
        page.set_viewport_size({"width": width, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") == width
    with pytest.raises(Exception, match="Failed to fetch"):
        page.evaluate("fetch('http://127.0.0.1:1/')")
    assert "Content Security Policy" in errors[0]
