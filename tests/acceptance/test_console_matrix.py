"""Every address of the console, asked for by everybody: who may, who may not, and for whom it is not there."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pytest

from reconciler.console import sessions
from reconciler.console.access import Grants, Person, Role
from reconciler.console.pages import ROUTES
from reconciler.ledger import console as ledger_of_console
from tests.console import ADDRESS, Console, Visitor, open_console

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reconciler.console.routes import Route
    from tests.installation import Installation

_PEOPLE: Final[Mapping[str, Mapping[str, Role] | None]] = {
    "nobody": None,
    "a viewer": {"hidden-place": Role.VIEWER},
    "an operator": {"hidden-place": Role.OPERATOR},
    "an admin": {"hidden-place": Role.ADMIN},
    "an admin elsewhere": {"globex": Role.ADMIN},
    "an admin elsewhere who looks on here": {"globex": Role.ADMIN, "hidden-place": Role.VIEWER},
    "somebody without any role": {},
}
#: With these the address is of a workspace.
_SCOPED: Final = {"name", "run_id"}
#: What somebody has begun in their own session: for everybody else it is not there.
_OWN: Final = {"draft"}
_NOWHERE: Final = {"name": "nothing", "run_id": "999999", "who": "0", "draft": "x" * 22}
_PARAMETER: Final = re.compile(r"\{(\w+)(?::\w+)?\}")
#: What of the connection nobody elsewhere may read; set here, so that no page says it by chance.
_HIDDEN: Final = ("hidden-name", "hidden-place", "Hidden Ltd", "Hidden list", "hidden-account")


@dataclass(frozen=True)
class Asking:
    """One request: a route as HTML or as JSON, by one of the people."""

    route: Route
    who: str
    path: str

    @property
    def is_scoped(self) -> bool:
        return bool(_SCOPED & parameters(self.route))

    @property
    def role(self) -> Role | None:
        roles = _PEOPLE[self.who] or {}
        return roles.get("hidden-place") if self.is_scoped else max(roles.values(), default=None)

    @property
    def is_allowed(self) -> bool:
        return self.role is not None and self.role >= self.route.least

    def is_as_it_shall_be(self, answer: Any) -> bool:
        status, wants_page = answer.status_code, self.route.method == "GET" and not self.path.endswith(".json")
        where = str(answer.headers.get("location", ""))
        if self.who == "nobody":
            return (status, where) == ((303, "/sign-in") if wants_page else (401, ""))
        if self.is_allowed:
            own = {404} if _OWN & parameters(self.route) else set()
            return status < 500 and status not in {401, 403, 404} - own and not where.startswith("/sign-in")
        return bool(status == (404 if self.is_scoped and self.role is None else 403))


def parameters(route: Route) -> set[str]:
    return set(_PARAMETER.findall(route.path))


def paths(route: Route, values: Mapping[str, str]) -> Iterator[str]:
    """The addresses of a route, filled in."""
    unknown = parameters(route) - set(values)
    assert not unknown, f"{route.path}: say in this test what stands for {unknown}"
    path = _PARAMETER.sub(lambda found: values[found[1]], route.path)
    yield path
    if route.method == "GET" and route.has_json:
        yield f"{path.rstrip('/') or '/index'}.json"


@dataclass(frozen=True)
class House:
    """The console over one connection, everybody who comes to it, and what stands for a parameter."""

    console: Console
    installation: Installation
    people: Mapping[str, Visitor]
    values: Mapping[str, str]

    def every(self, method: str) -> Iterator[Asking]:
        for route in ROUTES:
            for path in paths(route, self.values):
                yield from (Asking(route, who, path) for who in self.people if route.method == method)

    def ask(self, asking: Asking, path: str | None = None) -> Any:
        """Ask as a page of this console would; a form has no number of its own, so that nothing is done."""
        visitor, where = self.people[asking.who], path or asking.path
        if asking.route.method == "GET":
            return visitor.get(where)
        token = visitor.form_token if visitor.client.cookies else ""
        return visitor.client.post(where, data={"form_token": token}, headers={"Origin": ADDRESS})

    def ledger(self) -> Mapping[str, list[tuple[Any, ...]]]:
        """Everything that is in the ledger, but for when sessions were seen."""
        query = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'reconciler'"
        names = sorted(name for (name,) in self.installation.sql(f"{query} AND table_type = 'BASE TABLE'"))
        return {
            name: self.installation.sql(f'SELECT t::text FROM reconciler."{name}" AS t ORDER BY 1')
            for name in names
            if name != "console_sessions"
        }


def come_in(console: Console, roles: Mapping[str, Role] | None) -> Visitor:
    visitor = console.visitor()
    if roles is not None:
        with console.desk.ledger.transaction() as tx:
            person = Person("somebody", Grants(roles), ledger_of_console.now(tx), "link")
            begun = sessions.begin(tx, person, console.desk.random_bytes)
        assert begun.new_cookie
        visitor.client.cookies.set(sessions.COOKIE, begun.new_cookie, domain="sync.example.com")
    return visitor


@pytest.fixture
def house(installation: Installation) -> Iterator[House]:
    who = installation.add("ada@example.com")
    assert installation.connect("hidden-name", "--workspace", "acme").code == 0
    run_id = str(installation.run("hidden-name")["run_id"])
    hidden = "workspace = 'hidden-place', list_name = 'Hidden list'"
    installation.sql(f"UPDATE reconciler.connections SET {hidden}")
    installation.sql(
        "UPDATE reconciler.accounts SET organization = 'Hidden Ltd', encoded_account_id = 'hidden-account'"
    )
    values = {**_NOWHERE, "name": "hidden-name", "run_id": run_id, "who": who}
    with open_console(installation) as console:
        people = {each: come_in(console, roles) for each, roles in _PEOPLE.items()}
        yield House(console, installation, people, values)


def bare(answer: Any) -> tuple[int, str, list[tuple[str, str]]]:
    """An answer without the number of its request."""
    number = answer.headers["x-request-id"]
    headers = sorted((name, value.replace(number, "")) for name, value in answer.headers.items())
    return answer.status_code, answer.text.replace(number, ""), headers


def test_every_page_is_for_whom_it_is_for_and_looking_changes_nothing(house: House) -> None:
    before = house.ledger()
    answers = [(asking, house.ask(asking)) for asking in house.every("GET")]
    wrong = [(asking.who, asking.path, answer.status_code) for asking, answer in answers
             if not asking.is_as_it_shall_be(answer)]  # fmt: skip
    assert wrong == []
    assert {asking.is_allowed for asking, _ in answers} == {True, False}
    assert house.ledger() == before


def test_every_form_is_for_whom_it_is_for(house: House) -> None:
    before, wrong = house.ledger(), []
    askings = sorted(house.every("POST"), key=lambda asking: asking.is_allowed)
    for asking in askings:
        if asking.is_allowed and before:
            # All who may not have asked by now.
            assert house.ledger() == before
            before = {}
        answer = house.ask(asking)
        if not asking.is_as_it_shall_be(answer):
            wrong.append((asking.who, asking.path, answer.status_code))
    assert wrong == []
    assert house.installation.sql("SELECT paused_at, disconnected_at FROM reconciler.connections") == [(None, None)]


def test_what_is_elsewhere_can_not_be_told_from_what_is_not_there(house: House) -> None:
    told = []
    for asking in (*house.every("GET"), *house.every("POST")):
        if asking.who not in {"an admin elsewhere", "somebody without any role"} or not asking.is_scoped:
            continue
        is_json = asking.path.endswith(".json")
        for values in (_NOWHERE, {**_NOWHERE, "who": uuid.uuid4().hex}):
            nowhere = list(paths(asking.route, values))[is_json]
            if bare(house.ask(asking)) != bare(house.ask(asking, nowhere)):
                told.append((asking.who, asking.path))
    assert told == []


def test_nobody_elsewhere_reads_a_name_of_the_connection(house: House) -> None:
    told, seen = [], ""
    for asking in house.every("GET"):
        answer = house.ask(asking)
        if asking.who in {"nobody", "an admin elsewhere", "somebody without any role"}:
            words = [word for word in (*_HIDDEN, "ada@", house.values["who"]) if word in answer.text]
            told += [(asking.who, asking.path, words)] if words else []
        elif asking.who == "an admin":
            seen += answer.text
    assert told == []
    # The admin does read it: the words are the right ones.
    assert "hidden-name" in seen


def test_a_page_that_is_sensitive_is_one_for_everybody_who_may(house: House) -> None:
    house.installation.later(minutes=11)
    for asking in (*house.every("GET"), *house.every("POST")):
        if asking.route.is_sensitive and asking.who in {"an admin", "a viewer"}:
            answer = house.ask(asking)
            where = answer.headers.get("location", "")
            assert where.startswith("/sign-in?to=%2F") == asking.is_allowed, asking
            assert answer.status_code == (303 if asking.is_allowed else 403), asking


def test_no_address_is_there_twice_and_no_get_is_spared_a_role() -> None:
    asked = [(route.method, route.path) for route in ROUTES]
    assert len(set(asked)) == len(asked)
    assert {route.method for route in ROUTES} <= {"GET", "POST"}
    assert all(isinstance(route.least, Role) for route in ROUTES)
    # What is asked for as JSON is no other route's page.
    assert not [path for method, path in asked if path.endswith(".json")]
