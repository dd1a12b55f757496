"""The pages of the console that read: what they say is what the ledger and the commands say."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from typing import TYPE_CHECKING

import pytest

from reconciler.console.access import Role
from tests.console import Console, open_console

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.installation import Installation

#: Words of the inside; people have others.
INSIDE = re.compile(r"\b(fenc(?:e|ed|ing)|mirrors?|digests?|windows?|candidates?)\b", re.IGNORECASE)
AN_ADDRESS = re.compile(r"\w[\w.+-]*@(?:[\w-]+\.)+[a-z]{2,}|%40")
IN_FULL = ("ada@example.com", "bob@example.com", "nobody@example.com")


@pytest.fixture
def acme(installation: Installation) -> Installation:
    """Connected, with two contacts on the list and one that can't be used."""
    installation.add("ada@example.com", first_name="Ada")
    installation.add("bob@example.com", first_name="Bob")
    installation.add("not an address", first_name="Cy")
    assert installation.connect().code == 0
    assert installation.run()["counts"]["added"] == 2
    return installation


@pytest.fixture
def console(acme: Installation) -> Iterator[Console]:
    with open_console(acme) as opened:
        yield opened


def last_run(acme: Installation) -> int:
    return int(acme.sql("SELECT max(run_id) FROM reconciler.runs")[0][0])


def words(page: str) -> str:
    """What a page says, to eyes and to a screen reader: without its tags' names and addresses of files."""
    body = re.sub(r"<head>.*</head>", "", page, flags=re.DOTALL)
    told = re.findall(r'(?:aria-label|title|placeholder|alt)="([^"]*)"', body)
    return html.unescape(" ".join([re.sub(r"<[^>]+>", " ", body), *told]))


def links(page: str) -> list[str]:
    """Every address that a page leads to, and its title."""
    return re.findall(r'(?:href|action|src|hx-get)="([^"]*)"', page) + re.findall(r"<title>(.*?)</title>", page)


def pages(console: Console, acme: Installation) -> list[str]:
    """Every page here that reads, as an admin sees it."""
    admin, run = console.signed_in(), last_run(acme)
    contact = acme.sql("SELECT id::text FROM contacts ORDER BY 1")[0][0]
    places = ["/", "/?q=nowhere", "/audit", "/audit?connection=nobody", "/connections/acme/contacts"]
    places += [f"/runs/{run}", f"/runs/{run}/rows", f"/runs/{run}/rows?bucket=in_doubt", f"/runs/{run}/progress"]
    places += [f"/connections/acme/contacts/{contact}"]
    asked = [admin.post("/connections/acme/contacts", who="nobody@example.com").text]
    asked += [admin.post(f"/runs/{run}/rows", who="ada@example.com").text]
    return [*(admin.page(place) for place in places), *asked]


def test_the_overview_says_how_fresh_each_connection_is(console: Console, acme: Installation) -> None:
    visitor = console.signed_in(Role.VIEWER)
    (one,) = visitor.json("/index.json")["connections"]
    assert one["headline"].startswith("the list is at most ")
    assert one["headline"].capitalize() in words(visitor.page("/")).replace("CRM", "crm")
    assert one["face"] == {"kind": "ok", "words": "Connected"}
    assert [run["state"] for run in one["runs"]] == [
        state for (state,) in acme.sql("SELECT state FROM reconciler.runs ORDER BY run_id")
    ]
    assert one["new_problems"] == 1
    assert one["left_today"] == json.loads(acme.say("status", "acme", "--json").out)[0]["left_today"]


def test_the_overview_has_the_connections_of_somebodys_workspaces_only(console: Console) -> None:
    assert console.signed_in(Role.VIEWER, "elsewhere").json("/index.json")["connections"] == []
    assert len(console.signed_in(Role.VIEWER, "acme").json("/index.json")["connections"]) == 1


def test_the_overview_without_a_connection_says_what_to_do(lonely: Installation) -> None:
    with open_console(lonely) as console:
        assert 'href="/connect"' in console.signed_in(Role.ADMIN).page("/")
        assert "Ask an admin" in console.signed_in(Role.VIEWER).page("/")


def test_who_needs_somebody_comes_first_and_is_counted(console: Console, acme: Installation) -> None:
    acme.sql(
        "INSERT INTO reconciler.connections (name, account_id, list_id, list_name, workspace, statement, columns,"
        " mapping_digest, connected_at, started_at, disconnected_at)"
        " SELECT 'zoo', account_id, gen_random_uuid(), 'Zoo', 'acme', '', '{}', '', now(), now(), now()"
        " FROM reconciler.accounts"
    )
    visitor = console.signed_in(Role.VIEWER)
    found = visitor.json("/index.json")
    assert [one["name"] for one in found["connections"]] == ["zoo", "acme"]
    assert found["totals"]["needs_you"] == 1
    assert [one["name"] for one in visitor.json("/index.json?sort=name")["connections"]] == ["acme", "zoo"]
    assert [one["name"] for one in visitor.json("/index.json?q=ZO")["connections"]] == ["zoo"]


def test_a_runs_json_is_the_report_and_its_page_has_each_number(console: Console, acme: Installation) -> None:
    visitor, run = console.signed_in(Role.VIEWER), last_run(acme)
    report = json.loads(acme.say("report", str(run), "--json").out)
    assert visitor.json(f"/runs/{run}.json") == report
    page = visitor.page(f"/runs/{run}")
    assert f'<a href="/runs/{run}/rows?bucket=added">2</a>' in page
    assert f'<a href="/runs/{run}/rows?code=invalid">1</a>' in page


def test_a_number_leads_to_its_rows(console: Console, acme: Installation) -> None:
    visitor, run = console.signed_in(Role.VIEWER), last_run(acme)
    added = visitor.json(f"/runs/{run}/rows.json?bucket=added")["rows"]
    assert {row["email"] for row in added} == {"a***@example.com", "b***@example.com"}
    assert {row["code"] for row in visitor.json(f"/runs/{run}/rows.json?bucket=invalid")["rows"]} == {"invalid"}
    assert visitor.json(f"/runs/{run}/rows.json?bucket=in_doubt")["rows"] == []


def test_rows_come_in_pages_that_lead_on_and_back(console: Console, acme: Installation) -> None:
    visitor, run = console.signed_in(Role.VIEWER), last_run(acme)
    acme.sql(
        "INSERT INTO reconciler.run_rows (run_id, contact_id, action, outcome)"
        " SELECT %s, 'n' || n, 'update', 'verified' FROM generate_series(1, 250) AS n",
        run,
    )
    every = [visitor.json(f"/runs/{run}/rows.json?action=update")]
    while every[-1]["next"]:
        every.append(visitor.json(every[-1]["next"].replace("/rows?", "/rows.json?")))
    assert [len(each["rows"]) for each in every] == [100, 100, 50]
    assert [row["contact_id"] for each in every for row in each["rows"]] == [f"n{n}" for n in range(1, 251)]
    back = visitor.json(every[2]["previous"].replace("/rows?", "/rows.json?"))
    assert back["rows"] == every[1]["rows"]
    first = visitor.json(back["previous"].replace("/rows?", "/rows.json?"))
    assert first["rows"] == every[0]["rows"]
    assert first["previous"] is None


def test_a_person_is_found_among_the_rows_by_address_and_by_id(console: Console, acme: Installation) -> None:
    visitor, run = console.signed_in(Role.VIEWER), last_run(acme)
    contact = acme.sql("SELECT id::text FROM contacts WHERE email = 'ada@example.com'")[0][0]
    for who in ("Ada@Example.com", contact):
        found = visitor.post(f"/runs/{run}/rows", who=who).text
        assert "a***@example.com" in found
        assert "b***@example.com" not in found
    assert "no row of this person" in visitor.post(f"/runs/{run}/rows", who="nobody@example.com").text


def test_the_files_of_a_run_are_those_of_the_command(console: Console, acme: Installation) -> None:
    visitor, run = console.signed_in(Role.VIEWER), last_run(acme)
    assert acme.say("report", str(run), "--csv", "out.csv", "--html", "out.html").code == 0
    found = visitor.get(f"/runs/{run}/report.csv")
    assert found.headers["content-disposition"] == f'attachment; filename="run-{run}.csv"'
    assert found.content == (acme.folder / "out.csv").read_bytes()
    assert len(list(csv.DictReader(io.StringIO(found.text)))) > 2
    assert visitor.get(f"/runs/{run}/report.html").content == (acme.folder / "out.html").read_bytes()


def test_a_held_run_leads_whoever_may_to_an_answer(console: Console, acme: Installation) -> None:
    acme.sql("DELETE FROM contacts")
    assert acme.say("run", "acme", "--full").code == 4
    run = last_run(acme)
    assert f'href="/runs/{run}/approve"' in console.signed_in(Role.ADMIN).page(f"/runs/{run}")
    operator = console.signed_in(Role.OPERATOR).page(f"/runs/{run}")
    assert f'href="/runs/{run}/decline"' in operator
    assert "/approve" not in operator
    assert "/decline" not in console.signed_in(Role.VIEWER).page(f"/runs/{run}")
    assert "/approve" not in console.signed_in(Role.ADMIN).page(f"/runs/{run - 1}")


def test_a_run_that_goes_on_says_how_far_it_is_until_it_has_ended(console: Console, acme: Installation) -> None:
    visitor, seen = console.signed_in(Role.VIEWER), []
    acme.add("dora@example.com")

    def look(_: str) -> None:
        run = last_run(acme)
        found = visitor.json(f"/runs/{run}.json")
        if "stages" in found:
            seen.append((found, visitor.page(f"/runs/{run}"), visitor.page(f"/runs/{run}/progress")))

    report = acme.run_telling(look)
    states = [[stage["state"] for stage in found["stages"]] for found, _, _ in seen]
    assert ["now", "later", "later", "later"] in states
    assert any(each[:2] == ["done", "done"] for each in states)
    assert all('hx-trigger="every 2s"' in part and 'hx-trigger="every 2s"' in page for _, page, part in seen)
    ended = visitor.page(f"/runs/{report['run_id']}/progress")
    assert "hx-trigger" not in ended
    assert "It has ended: completed" in ended


def test_one_person_is_explained_as_the_command_does(console: Console, acme: Installation) -> None:
    visitor = console.signed_in(Role.VIEWER)
    led = visitor.post("/connections/acme/contacts", who="ada@example.com")
    assert led.status_code == 303
    to = led.headers["location"]
    told = json.loads(acme.say("explain", "acme", "ada@example.com", "--json").out)
    assert visitor.json(f"{to}.json") == told
    page = visitor.page(to)
    assert len(re.findall(r'<li class="(?:done|not)">', page)) == 6
    assert "Sync this one now" not in page
    assert f'action="{to}/sync"' in console.signed_in(Role.OPERATOR).page(to)


@pytest.mark.parametrize("odd", ["ada@example.com", "two\nlines"])
def test_a_contact_whose_id_can_stand_in_no_address_is_named_by_a_hash(
    console: Console, acme: Installation, odd: str
) -> None:
    acme.sql("UPDATE reconciler.run_rows SET contact_id = %s WHERE email = 'ada@example.com'", odd)
    for table in ("contacts", "pairs"):
        acme.sql(
            f"UPDATE reconciler.{table} SET contact_id = %s WHERE contact_id ="
            " (SELECT id::text FROM contacts WHERE email = 'ada@example.com')",
            odd,
        )
    visitor, run = console.signed_in(Role.OPERATOR), last_run(acme)
    to = visitor.post("/connections/acme/contacts", who="ada@example.com").headers["location"]
    assert re.fullmatch(r"/connections/acme/contacts/~[0-9a-f]+", to)
    assert "is on the list" in visitor.page(to)
    assert f'href="{to}"' in visitor.page(f"/runs/{run}/rows?bucket=added")
    assert visitor.get("/connections/acme/contacts/~00").status_code == 400


def test_whom_nobody_has_is_told_without_a_page_of_their_own(console: Console) -> None:
    found = console.signed_in(Role.VIEWER).post("/connections/acme/contacts", who="nobody@example.com")
    assert found.status_code == 200
    assert "n***@example.com is not on the list" in words(found.text)


def test_the_audit_shows_admins_what_was_done_in_their_workspaces(console: Console, acme: Installation) -> None:
    assert acme.say("pause", "acme").code == 0
    newest = console.signed_in(Role.ADMIN, "acme").json("/audit.json")["actions"][0]
    assert (newest["action"], newest["connection"]) == ("pause", "acme")
    assert console.signed_in(Role.ADMIN, "elsewhere").json("/audit.json")["actions"] == []
    assert console.signed_in(Role.OPERATOR).get("/audit").status_code == 403
    everything = console.signed_in().json("/audit.json")["actions"]
    assert {each["connection"] for each in everything} >= {"acme"}
    of_acme = console.signed_in().json("/audit.json?connection=acme")["actions"]
    assert {each["connection"] for each in of_acme} == {"acme"}


def test_no_page_has_a_word_of_the_inside(console: Console, acme: Installation) -> None:
    assert [found for page in pages(console, acme) for found in INSIDE.findall(words(page))] == []


def test_no_page_has_an_address_in_full_and_no_link_has_one_at_all(console: Console, acme: Installation) -> None:
    for page in pages(console, acme):
        shown = re.sub(r'value="[^"]*"', "", page)  # what somebody typed stays in the field
        assert not [address for address in IN_FULL if address in shown]
        assert not [each for each in links(page) if AN_ADDRESS.search(each)]


def test_a_time_within_a_sentence_is_shown_in_the_readers_zone(console: Console) -> None:
    visitor = console.signed_in(Role.VIEWER)
    to = visitor.post("/connections/acme/contacts", who="ada@example.com").headers["location"]
    (read, *_) = visitor.json(f"{to}.json")["steps"]
    day, minute = re.findall(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d) UTC", read["told"])[0]
    page = visitor.page(to)
    assert f'<time datetime="{day}T{minute}:00+00:00" title="{day} {minute} UTC">' in page
    assert read["told"][1:] in html.unescape(re.sub(r"<[^>]+>", "", page))
