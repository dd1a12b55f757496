"""The suite's own manners on an account: it takes away what it brought, and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.contract.account import Access, NotForThisAccount, Pace
from tests.contract.conftest import simulated
from tests.contract.findings import Finding, document, table

if TYPE_CHECKING:
    from tests.installation import Api


def test_what_the_suite_made_is_removed_and_everybody_else_stays(api: Api) -> None:
    api.door.contact(action="create", email="stranger@example.com", list_id=api.list_id)
    with simulated(api) as account:
        account.make_list()
        account.create(account.address("posted"))
        account.import_rows({"email": account.address("imported")})
        account.custom_field("colour", "string")

        assert account.clean_up() == []

    state = api.door.state()
    assert [each["email_address"]["address"] for each in state["contacts"] if "deleted_at" not in each] == [
        "stranger@example.com"
    ]
    assert [each["name"] for each in state["lists"] if "deleted_at" not in each] == ["Newsletter", "Customers"]
    assert "colour" not in json.dumps(state["custom_fields"])


def test_trouble_while_cleaning_up_is_said_and_the_rest_is_removed_all_the_same(api: Api) -> None:
    with simulated(api) as account:
        account.make_list()
        for name in ("one", "two"):
            account.create(account.address(name))
        api.door.fault(operation="deleteContact", fault="status", status=503, times=1)

        left = account.clean_up()

    assert len(left) == 1
    assert left[0].startswith("contact ")
    assert [each["name"] for each in api.door.state()["lists"] if "deleted_at" not in each] == [
        "Newsletter",
        "Customers",
    ]


def test_an_account_with_many_contacts_is_left_alone_unless_it_is_meant(api: Api) -> None:
    api.door.contact(action="bulk_create", count=501, list_id=api.list_id)

    with simulated(api) as account, pytest.raises(NotForThisAccount, match=r'501 contacts.*"most_contacts": 501'):
        account.refuse_strangers()

    assert len(api.door.state()["contacts"]) == 501
    assert {each["method"] for each in api.door.state()["history"]} == {"GET"}


def test_an_account_of_credentials_is_asked_once_for_each_unknown_and_left_as_it_was(api: Api, tmp_path: Path) -> None:
    """As a person runs it: here the account is a simulator's, reached by its credentials alone."""
    file, inside = tmp_path / "account.json", Path(__file__).with_name("test_unknowns.py")
    access = {"api_key": api.api_key, **api.door.token("new"), "api_url": api.url}
    file.write_text(json.dumps({**access, "auth_url": f"{api.door.url}/oauth2/default/v1"}))
    words = ["-q", "-k", "wrong_token or counted_by_its_people or gives_a_token or a_person_looks", str(inside)]

    done = subprocess.run(  # noqa: S603 - our own command
        [
            sys.executable,
            "-m",
            "pytest",
            "-c",
            str(inside.parents[2] / "pyproject.toml"),
            "-p",
            "no:cacheprovider",
            *words,
        ],
        cwd=tmp_path,
        env={**os.environ, "RECONCILER_CONTRACT_CREDENTIALS": str(file)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed, 1 skipped" in done.stdout
    assert " 13  items_total_count of an import of 2: 3 (as simulated)" in done.stdout
    found = json.loads((tmp_path / "contract-findings.json").read_text())
    assert found["turn"] == {}
    assert found["left_behind"] == []
    kept = json.loads(file.read_text())
    assert kept["refresh_token"] != access["refresh_token"]  # a rotating one is good once
    state = api.door.state()
    assert [each for each in state["contacts"] if "deleted_at" not in each] == []
    assert [each["name"] for each in state["lists"] if "deleted_at" not in each] == ["Newsletter", "Customers"]


def test_two_requests_are_half_a_second_apart() -> None:
    pace = Pace(0.5)

    waits = [pace.reserve() for _ in range(4)]

    assert waits == pytest.approx([0, 0.5, 1.0, 1.5], abs=0.1)


def test_a_credentials_file_with_a_slip_is_refused_and_no_secret_is_told(tmp_path: Path) -> None:
    file = tmp_path / "credentials.json"
    file.write_text(json.dumps({"api_key": "key", "acess_token": "very-secret"}))

    with pytest.raises(ValueError, match=r"unknown \['acess_token'\], missing \['access_token'\]") as refused:
        Access.read(file)

    assert "very-secret" not in str(refused.value)
    assert "very-secret" not in repr(Access("key", "very-secret"))


def test_the_findings_say_which_switches_to_turn() -> None:
    found = [
        Finding("13", "items_total_count of an import of 2", "2", "total_counts_header", setting=False),
        Finding("2", "shown without a status", "not_deleted", "default_status", "not_deleted"),
        Finding("export", "contact ids", "no"),
    ]

    assert table(found).splitlines() == [
        "  2  shown without a status: not_deleted (as simulated)",
        " 13  items_total_count of an import of 2: 2 (turn total_counts_header=false)",
        "export  contact ids: no",
    ]
    assert json.loads(document(found, {"tag": "1f"}))["turn"] == {"total_counts_header": False}
