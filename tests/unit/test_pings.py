"""Pings to a monitor, by the convention of healthchecks.io."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.pings import Pings
from tests.listening import listening

if TYPE_CHECKING:
    import pytest


def test_a_beginning_success_and_failure_have_an_address_each() -> None:
    with listening() as ear:
        pings = Pings(f"http://{ear.address}/abc/?x=1")
        pings.start()
        pings.success()
        pings.failure()

    assert ear.paths == ["/abc/start?x=1", "/abc?x=1", "/abc/fail?x=1"]


def test_one_that_fails_is_told_without_its_address_and_fails_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with listening() as ear:
        ear.status = 500
        Pings(f"http://{ear.address}/hidden").success()
    Pings(f"http://{ear.address}/hidden").start()  # nobody listens there any more
    Pings(None).start()

    assert [record.getMessage() for record in caplog.records] == [
        "the health check was not pinged: 500",
        "the health check was not pinged: URLError",
    ]
    assert "hidden" not in caplog.text
