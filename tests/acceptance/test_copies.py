"""A ledger or a CRM that was restored somewhere else is a copy until somebody says that it is the real one."""

from __future__ import annotations

import contextlib
import dataclasses
import uuid
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from tests import servers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reconciler.demo.postgres import EmbeddedPostgres
    from tests.installation import Installation

pytestmark = pytest.mark.http

OTHER_LEDGER = ("other_ledger", "this is another ledger than the one that was used before")
OTHER_CRM = ("other_crm", "this is another CRM than the one that was read before")


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[EmbeddedPostgres]:
    """Another server."""
    with servers.server() as server:
        yield server


@pytest.fixture
def acme(installation: Installation) -> Installation:
    """Ada is in the CRM and on the list, Bob waits in the CRM."""
    installation.add("ada@example.com", first_name="Ada")
    assert installation.connect().code == 0
    assert installation.run()["counts"]["added"] == 1
    installation.add("bob@example.com", first_name="Bob")
    return installation


@pytest.fixture
def renamed(installation: Installation, server_url: Callable[[str], str]) -> Iterator[Callable[[], str]]:
    """Restores into another database of the same server."""
    name = f"test_copy_{uuid.uuid4().hex}"

    def restore() -> str:
        original = conninfo_to_dict(installation.url)["dbname"]
        with psycopg.connect(server_url("postgres"), autocommit=True) as db:
            db.execute(f"CREATE DATABASE {name} TEMPLATE {original}")
        return server_url(name)

    yield restore
    with psycopg.connect(server_url("postgres"), autocommit=True) as db:
        db.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture(params=["same server", "other server"])
def restored(request: pytest.FixtureRequest, installation: Installation) -> Callable[[], str]:
    """Restores the original, each time anew; gives the copy's address."""
    if request.param == "same server":
        return request.getfixturevalue("renamed")  # type: ignore[no-any-return]  # the fixture above
    elsewhere: EmbeddedPostgres = request.getfixturevalue("elsewhere")

    def restore() -> str:
        name = f"copy_{uuid.uuid4().hex}"
        elsewhere.create_database(name)
        servers.dumped(installation.url, elsewhere.url(name))
        return elsewhere.url(name)

    return restore


@contextlib.contextmanager
def using(acme: Installation, **addresses: str) -> Iterator[Installation]:
    """The program with other addresses in its settings; what is done by SQL is done in its ledger."""
    with pytest.MonkeyPatch.context() as patch:
        for name, address in addresses.items():
            patch.setenv(f"RECONCILER_{name.upper()}_URL", address)
        yield dataclasses.replace(acme, url=addresses.get("database", acme.url))


def state(acme: Installation) -> dict[str, Any]:
    found: dict[str, Any] = acme.say("status", "acme", "--json").json[0]
    return found


def touched(copy: Installation) -> list[object]:
    """What nobody may touch for a copy."""
    mirror = copy.sql("SELECT contact_id, changed_at FROM reconciler.contacts ORDER BY 1")
    return [copy.api.calls(), copy.api.members(), copy.sql("TABLE reconciler.watermarks"), mirror]


def is_refused(copy: Installation, reason: str, words: str) -> None:
    """The first run on a copy is held and pauses it; the others say why, and ask nothing of anybody."""
    before = touched(copy)
    said = copy.say("run", "acme", "--json")
    assert (said.code, said.json["state"], said.json["reason"]) == (4, "held", reason)
    assert words in said.json["message"]
    assert (said.json["api"]["calls"], said.json["plan"]["digest"]) == (0, None)
    is_paused(copy, reason, words)
    assert touched(copy) == before


def is_paused(copy: Installation, reason: str, words: str) -> None:
    for command in (("run", "acme"), ("run", "--all"), ("run", "acme", "--full")):
        said = copy.say(*command)
        assert (said.code, said.out) == (0, "paused\n")
        assert said.err.count("\n") == 1
        assert said.err.startswith("acme: Paused since ")
        assert words in said.err
        assert "if this is the real one, `reconciler resume`; a copy must not write to the list" in said.err
    assert copy.say("plan", "acme").out == "paused\n"
    status = state(copy)
    assert status["paused"]["reason"] == reason
    assert words in status["badge"]
    assert words in copy.say("status").out


def is_the_real_one(copy: Installation) -> None:
    """After `resume` the next run compares everything, and pushes; the one after that goes on from there."""
    assert copy.say("resume", "acme").code == 0
    report = copy.run()
    assert (report["state"], report["mode"], report["reason"]) == ("completed", "full", "source_changed")
    assert (report["counts"]["read"], report["counts"]["added"]) == (2, 1)
    assert set(copy.api.members()) == {"ada@example.com", "bob@example.com"}
    assert state(copy)["paused"] is None
    again = copy.run()
    assert (again["state"], again["mode"]) == ("nothing_to_do", "incremental")


def goes_on_untouched(original: Installation) -> None:
    report = original.run()
    assert (report["state"], report["mode"], report["reason"]) == ("completed", "incremental", None)
    assert report["counts"]["added"] == 1
    assert set(original.api.members()) == {"ada@example.com", "bob@example.com"}


def test_a_restored_ledger_pushes_nothing_and_the_original_goes_on(
    acme: Installation, restored: Callable[[], str]
) -> None:
    with using(acme, database=restored()) as copy:
        is_refused(copy, *OTHER_LEDGER)

    goes_on_untouched(acme)


def test_a_restored_ledger_that_is_resumed_is_the_real_one(acme: Installation, restored: Callable[[], str]) -> None:
    with using(acme, database=restored()) as copy:
        is_refused(copy, *OTHER_LEDGER)
        is_the_real_one(copy)
        actions = copy.sql("SELECT action, details ->> 'paused' FROM reconciler.audit WHERE action = 'resume'")
        assert [(action, OTHER_LEDGER[1] in by) for action, by in actions] == [("resume", True)]


def test_a_restored_crm_is_not_read_and_the_original_goes_on(acme: Installation, restored: Callable[[], str]) -> None:
    with using(acme, crm=restored()) as moved:
        is_refused(moved, *OTHER_CRM)

    is_paused(acme, *OTHER_CRM)
    assert acme.say("resume", "acme").code == 0
    assert acme.run()["counts"]["added"] == 1


def test_a_restored_crm_that_is_resumed_is_the_real_one(acme: Installation, restored: Callable[[], str]) -> None:
    with using(acme, crm=restored()) as moved:
        is_refused(moved, *OTHER_CRM)
        is_the_real_one(moved)

    is_refused(acme, *OTHER_CRM)


def test_a_plan_on_a_copy_makes_nothing(acme: Installation, renamed: Callable[[], str]) -> None:
    with using(acme, database=renamed()) as copy:
        before = touched(copy)

        said = copy.say("plan", "acme", "--json")

        assert (said.code, said.json["state"], said.json["reason"]) == (4, "held", "other_ledger")
        assert (said.json["api"]["calls"], said.json["plan"]["digest"]) == (0, None)
        is_paused(copy, *OTHER_LEDGER)
        assert touched(copy) == before
    goes_on_untouched(acme)


def test_a_tick_on_a_copy_pauses_it_and_tells_once(acme: Installation, renamed: Callable[[], str]) -> None:
    with using(acme, database=renamed().replace("//sage@", "//sage:hidden-word@")) as copy:
        before = touched(copy)

        said = copy.say("run", "--all")

        assert said.code == 0
        assert "held: nothing was pushed" in said.out
        assert f"{OTHER_LEDGER[1]}: database test_copy_" in said.err
        assert "hidden-word" not in said.out + said.err
        is_paused(copy, *OTHER_LEDGER)
        assert touched(copy) == before
        assert copy.sql("SELECT state, reason FROM reconciler.runs ORDER BY run_id DESC LIMIT 1") == [
            ("held", "other_ledger")
        ]


def test_every_connection_of_a_copy_is_paused_and_resumed(acme: Installation, renamed: Callable[[], str]) -> None:
    acme.sql("INSERT INTO contacts (workspace, email) VALUES ('globex', 'eve@example.com')")
    assert acme.connect("globex", "--workspace", "globex").code == 0
    with using(acme, database=renamed()) as copy:
        calls = copy.api.calls()
        copy.say("run", "--all")
        assert copy.sql("SELECT DISTINCT paused_reason FROM reconciler.connections") == [("other_ledger",)]
        assert copy.api.calls() == calls

        assert copy.say("resume", "--all").code == 0

        copy.say("run", "--all")
        assert set(copy.api.members()) == {"ada@example.com", "bob@example.com", "eve@example.com"}


def test_connecting_on_a_copy_does_not_make_it_the_real_one(acme: Installation, renamed: Callable[[], str]) -> None:
    with using(acme, database=renamed()) as copy:
        assert copy.connect().code == 0

        is_refused(copy, *OTHER_LEDGER)


def test_what_was_in_doubt_when_it_was_copied_is_not_looked_for(acme: Installation, renamed: Callable[[], str]) -> None:
    acme.api.door.fault(fault="drop_after", operation="bulkImportContactsJSON")
    acme.run()
    with using(acme, database=renamed()) as copy:
        is_refused(copy, *OTHER_LEDGER)


def test_a_crm_that_is_named_to_connect_needs_no_resume_and_is_compared_in_full(
    acme: Installation, restored: Callable[[], str]
) -> None:
    (acme.folder / "crm.url").write_text(restored())

    assert acme.connect("acme", "--crm-url-file", "crm.url").code == 0

    report = acme.run()
    assert (report["state"], report["mode"], report["reason"]) == ("completed", "full", "source_changed")
    assert report["counts"]["added"] == 1
    assert acme.run()["mode"] == "incremental"


def test_the_same_crm_named_once_more_is_no_reason_to_compare(acme: Installation) -> None:
    (acme.folder / "crm.url").write_text(acme.url)

    assert acme.connect("acme", "--crm-url-file", "crm.url").code == 0

    assert acme.run()["mode"] == "incremental"


def test_a_crm_that_only_the_settings_name_is_not_accepted_by_connecting(
    acme: Installation, renamed: Callable[[], str]
) -> None:
    with using(acme, crm=renamed()) as moved:
        assert moved.connect().code == 0

        is_refused(moved, *OTHER_CRM)


@pytest.fixture
def guest(installation: Installation) -> Iterator[str]:
    """A user who may do all that is needed, but not ask which server it is."""
    role = f"guest_{uuid.uuid4().hex[:16]}"
    installation.sql(f"CREATE ROLE {role} LOGIN")
    installation.sql(f"GRANT SELECT ON contacts TO {role}")
    installation.sql(f"GRANT USAGE ON SCHEMA reconciler TO {role}")
    for what in ("TABLES", "SEQUENCES", "FUNCTIONS"):
        installation.sql(f"GRANT ALL ON ALL {what} IN SCHEMA reconciler TO {role}")
    installation.sql("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")
    yield role
    installation.sql(f"DROP OWNED BY {role}")
    installation.sql(f"DROP ROLE {role}")


def test_a_user_who_may_not_ask_which_server_it_is_works_and_a_copy_is_found_by_its_name(
    acme: Installation, guest: str, renamed: Callable[[], str]
) -> None:
    known = acme.sql("SELECT system_identifier, timeline FROM reconciler.watermarks")
    with using(acme, database=acme.url.replace("//sage@", f"//{guest}@")) as served:
        goes_on_untouched(served)
    assert acme.sql("SELECT system_identifier, timeline FROM reconciler.watermarks") == known
    with using(acme, database=renamed().replace("//sage@", f"//{guest}@")) as copy:
        said = copy.say("run", "acme", "--json")
        assert (said.code, said.json["reason"]) == (4, "other_ledger")
        assert "database test_copy_" in said.json["message"]


def test_a_copy_that_was_paused_by_hand_is_still_a_copy(acme: Installation, renamed: Callable[[], str]) -> None:
    acme.say("pause", "acme")
    with using(acme, database=renamed()) as copy:
        assert copy.say("resume", "acme").code == 0

        is_refused(copy, *OTHER_LEDGER)
