"""Callers of the simulator: each through the one address that the fixture `api` says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.simulated import DAY, Caller

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.installation import Api


@pytest.fixture
def caller(api: Api) -> Iterator[Caller]:
    """A fast simulator with nobody in it."""
    caller = Caller(api)
    with caller.http:
        yield caller


@pytest.fixture
def slow(caller: Caller) -> Caller:
    """One that is as slow, and as limited, as the provider is."""
    caller.door.switch(limits=True, activity_seconds=1.0, activity_rows_per_second=2_000.0)
    return caller


@pytest.fixture
def garden(caller: Caller) -> Caller:
    """One with 25 people on its list, for two months."""
    caller.door.contact(action="bulk_create", count=25, list_id=caller.list_id)
    caller.door.advance(60 * DAY)
    return caller
