"""The account of the contract suite: simulated, unless RECONCILER_CONTRACT_CREDENTIALS names a real one's file."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.contract.account import SECONDS_BETWEEN, Access, Account, NotForThisAccount, Pace
from tests.contract.findings import Finding, document, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reconciler.simulator import SideDoor
    from tests.installation import Api

CREDENTIALS: Final = os.environ.get("RECONCILER_CONTRACT_CREDENTIALS", "")
_FOUND_FILE: Final = "contract-findings.json"
#: As it is before any test keeps it from the world.
_CONNECT: Final = socket.socket.connect
_FINDINGS: Final[list[Finding]] = []
_ABOUT: Final[dict[str, object]] = {}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test of an unknown runs once for each way in which the simulator can have it; a real account has one way."""
    mark = metafunc.definition.get_closest_marker("each_way")
    if mark is None:
        return
    ways = [dict.fromkeys(["real account"])] if CREDENTIALS else list(mark.args)
    names = [" ".join(f"{name}={value}" for name, value in way.items() if name != "limits") for way in ways]
    metafunc.parametrize("switches", [{} if CREDENTIALS else way for way in ways], ids=names)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what was found out about a real account, and write it down."""
    if not CREDENTIALS or not _FINDINGS:
        return
    file = config.invocation_params.dir / _FOUND_FILE
    file.write_text(document(_FINDINGS, _ABOUT), encoding="utf-8")
    terminalreporter.section("what was found")
    terminalreporter.write_line(table(_FINDINGS))
    terminalreporter.write_line(f"Requests: {_ABOUT.get('requests')}. Written to {file}")


@pytest.fixture
def switches() -> dict[str, Any]:
    """How the simulator is to have it; a real account has it as it has it."""
    return {}


@pytest.fixture
def account(
    request: pytest.FixtureRequest, switches: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Account]:
    """An account with a list of the suite's own. What a test made is removed, also after a failure."""
    if CREDENTIALS:
        monkeypatch.setattr(socket.socket, "connect", _CONNECT)
        yield request.getfixturevalue("_real_account")
        return
    api: Api = request.getfixturevalue("api")
    with simulated(api, **switches) as made:
        made.make_list()
        try:
            yield made
        finally:
            left = made.clean_up()
    assert left == []


@pytest.fixture
def finds(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Records a finding: point of the list of unknowns, question, answer; and the switch that stands for it.

    Against the simulator it must be what the switch says: so the suite can tell one way from the other.
    """

    def record(point: str, question: str, found: str, **setting: Any) -> None:
        [(switch, value)] = setting.items() or [("", None)]
        _FINDINGS.append(Finding(point, question, found, switch, value))
        if switch and value is not None and not CREDENTIALS:
            api: Api = request.getfixturevalue("api")
            assert value == api.door.state(contacts=False)["switches"][switch]

    return record


@pytest.fixture(scope="session")
def _real_account() -> Iterator[Account]:
    file = Path(CREDENTIALS)
    with Account(Access.read(file), Pace(SECONDS_BETWEEN), time.sleep) as account:
        try:
            account.refuse_strangers()
        except NotForThisAccount as refused:
            pytest.exit(str(refused), returncode=2)
        account.make_list()
        try:
            yield account
        finally:
            left = account.clean_up()
            _ABOUT.update(tag=account.tag, list_id=account.list_id, requests=account.pace.requests, left_behind=left)
    if left:
        pytest.fail("left behind, remove it by hand: " + "; ".join(left))


@contextlib.contextmanager
def simulated(api: Api, **switches: object) -> Iterator[Account]:
    """A simulated account, opened as a real one is."""
    api.door.switch(**switches)
    tokens = api.door.token("new")
    access = Access(
        api_key=api.api_key,
        access_token=tokens["access_token"],
        refresh_token=tokens["refresh_token"],
        api_url=api.url,
        auth_url=_auth_url(api.door),
        burst=True,
        automation_list_id=api.list_id,
    )
    with Account(access, Pace(0), api.door.advance) as account:
        yield account


def _auth_url(door: SideDoor) -> str:
    return f"{door.url}/oauth2/default/v1"
