from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import reconciler
from reconciler import statements
from reconciler.demo import usual_script
from reconciler.demo.usual_script import Api, ApiError, body_of, pull_members, sync, wanted

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.simulator import SideDoor
    from tests.installation import Api as Simulated

PACKAGE = Path(reconciler.__file__).parent
SCRIPT = Path(usual_script.__file__)
CALL = "sign_up_form"


def row(email: str, **columns: object) -> dict[str, Any]:
    return {"id": "1", "email": email, "marketing_opt_out": False, "deleted_at": None, **columns}


@pytest.fixture
def script(api: Simulated) -> Api:
    return Api(api.url, api.access_token, pause_seconds=0)


def mailable(door: SideDoor, list_id: str) -> set[str]:
    return {
        contact["email_address"]["address"]
        for contact in door.state()["contacts"]
        if list_id in contact["list_memberships"]
        and contact["email_address"]["permission_to_send"] in ("explicit", "implicit")
        and "deleted_at" not in contact
    }


def test_it_is_the_only_file_of_the_program_that_names_the_call() -> None:
    naming = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*")
        if path.suffix in (".py", ".sql") and CALL in path.read_text(encoding="utf-8")
    }
    outside = {name for name in naming if not name.startswith("simulator/")}

    assert outside == {"demo/usual_script.py"}
    assert naming != outside


def test_the_statements_do_not_name_it_either() -> None:
    texts = [path.read_text(encoding="utf-8") for path in statements.folder().rglob("*.sql")]
    assert texts
    assert not [text for text in texts if CALL in text]


def test_it_needs_the_standard_library_only() -> None:
    tree = ast.parse(SCRIPT.read_text(encoding="utf-8"))
    imported = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or "."]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }

    assert imported <= sys.stdlib_module_names
    assert "urllib" in imported


def test_it_is_about_200_lines_long() -> None:
    assert 150 <= len(SCRIPT.read_text(encoding="utf-8").splitlines()) <= 250


def test_it_leaves_out_who_opted_out_was_deleted_or_has_no_address() -> None:
    rows = [
        row("Ada@Example.com "),
        row("bob@example.com", marketing_opt_out=True),
        row("cy@example.com", marketing_opt_out="t"),
        row("di@example.com", deleted_at="2026-11-23"),
        row(""),
        row("nobody"),
    ]
    assert list(wanted(rows)) == ["ada@example.com"]


def test_its_fields_fit_the_call() -> None:
    long = row("ada@example.com", first_name="A" * 60, company=" Gardens  Ltd ", mobile="5" * 30, city="Ghent")
    assert body_of("ada@example.com", long, "7") == {
        "email_address": "ada@example.com",
        "list_memberships": ["7"],
        "first_name": "A" * 50,
        "company_name": "Gardens Ltd",
        "phone_number": "5" * 25,
        "street_address": {"kind": "home", "city": "Ghent"},
    }


@pytest.mark.http
def test_a_pass_makes_one_call_for_each_contact_and_creates_or_updates_it(script: Api, api: Simulated) -> None:
    api.door.contact(action="create", email="ada@example.com", list_id=api.list_id)
    summary = sync([row("ada@example.com", first_name="Ada"), row("bob@example.com")], script, api.list_id)

    asked = api.door.state()["requests"]
    assert asked["by_operation"] == {"getContacts": 1, "createOrUpdateContact": 2}
    assert (summary.created, summary.updated, summary.on_list_before) == (1, 1, 1)
    assert summary.calls == asked["total"]
    assert api.members()["ada@example.com"]["first_name"] == "Ada"


@pytest.mark.http
def test_it_puts_back_who_unsubscribed_left_the_list_or_was_deleted(script: Api, api: Simulated) -> None:
    gone: dict[str, Callable[[str], object]] = {
        "un@example.com": lambda email: api.door.contact(action="unsubscribe", email=email),
        "left@example.com": lambda email: api.door.contact(action="leave_list", email=email, list_id=api.list_id),
        "dead@example.com": lambda email: api.door.contact(action="delete", email=email),
    }
    for email, go in gone.items():
        api.door.contact(action="create", email=email, list_id=api.list_id)
        go(email)
    assert mailable(api.door, api.list_id) == set()

    sync([row(email) for email in gone], script, api.list_id)

    assert mailable(api.door, api.list_id) == set(gone)


@pytest.mark.http
def test_it_pulls_all_pages_of_the_list(script: Api, api: Simulated) -> None:
    api.door.contact(action="bulk_create", count=1_001, list_id=api.list_id)
    assert len(pull_members(script, api.list_id)) == 1_001
    assert script.calls == 3


@pytest.mark.http
@pytest.mark.broken_answer
def test_what_is_over_the_limit_is_tried_again(script: Api, api: Simulated) -> None:
    waits: list[float] = []
    script.sleep = waits.append
    api.door.fault(fault="status", status=429, operation="createOrUpdateContact", times=2)

    summary = sync([row("ada@example.com")], script, api.list_id)

    assert (summary.created, summary.failed) == (1, 0)
    assert [wait for wait in waits if wait] == [1, 2]


@pytest.mark.http
def test_a_contact_that_is_refused_stops_no_other(script: Api, api: Simulated) -> None:
    api.door.switch(refuse_dots_in_first_name=True)
    summary = sync([row("kc@example.com", first_name="K.C."), row("bob@example.com")], script, api.list_id)
    assert (summary.created, summary.failed) == (1, 1)
    assert set(api.members()) == {"bob@example.com"}


@pytest.mark.http
def test_a_token_that_ended_stops_it(script: Api, api: Simulated) -> None:
    api.door.token("revoke")
    with pytest.raises(ApiError, match="401"):
        sync([row("ada@example.com")], script, api.list_id)


@pytest.mark.http
def test_it_runs_by_itself_with_a_file(api: Simulated, tmp_path: Path) -> None:
    export = tmp_path / "contacts.csv"
    export.write_text("id,email,first_name,marketing_opt_out\n1,ada@example.com,Ada,f\n2,bob@example.com,Bob,t\n")
    own = {"CC_API_URL": api.url, "CC_ACCESS_TOKEN": api.access_token, "CC_LIST_ID": api.list_id, "no_proxy": "*"}
    done = subprocess.run(  # noqa: S603 - the script of this project
        [sys.executable, "-I", str(SCRIPT), str(export)],
        env=own,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert set(api.members()) == {"ada@example.com"}


def test_without_a_file_it_says_how_it_is_used() -> None:
    done = subprocess.run(  # noqa: S603 - as above
        [sys.executable, "-I", str(SCRIPT)], env={}, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert "usage: CC_ACCESS_TOKEN=... CC_LIST_ID=... python usual_script.py contacts.csv" in done.stderr
