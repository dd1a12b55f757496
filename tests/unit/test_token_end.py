"""When a token ends: read from itself, and told in time."""

from __future__ import annotations

import base64
import datetime as dt
import json

import pytest

from reconciler import token_end
from reconciler.ledger.accounts import Account
from reconciler.secret import Secret

NOW = dt.datetime(2026, 11, 23, 10, 0, tzinfo=dt.UTC)


def jwt(claims: object) -> Secret:
    part = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return Secret(f"eyJhbGciOiJub25lIn0.{part}.c2ln")


def account(
    *,
    ends_in: dt.timedelta | None = None,
    used_ago: dt.timedelta | None = None,
    has_refresh_token: bool = False,
    has_token: bool = True,
    was_renewed: bool = False,
) -> Account:
    return Account(
        account_id=1,
        encoded_account_id="a",
        organization="Appalix",
        api_key_sealed="sealed",
        access_token_sealed="sealed" if has_token else None,
        key_fingerprint=b"",
        pace_per_second=None,
        pace_per_day=None,
        token_ends_at=None if ends_in is None else NOW + ends_in,
        refresh_token_used_at=None if used_ago is None else NOW - used_ago,
        has_refresh_token=has_refresh_token,
        was_renewed=was_renewed,
    )


def test_a_token_says_when_it_ends() -> None:
    assert token_end.of_token(jwt({"exp": int(NOW.timestamp()), "cid": "key"})) == NOW


CLAIMS: list[object] = [{}, {"exp": None}, {"exp": "soon"}, {"exp": 1e400}, {"exp": -1e18}, [], 7]


@pytest.mark.parametrize(
    "token",
    [
        *("", "opaque", "a.b", "a.b.c", "a.!!.c", "a.e30.c.d", "..", "é.é.é"),
        *(jwt(claims).reveal() for claims in CLAIMS),
    ],
)
def test_a_token_that_does_not_say_it_ends_at_a_time_not_known(token: str) -> None:
    assert token_end.of_token(Secret(token)) is None


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(121, None), (119, "the token ends at 2026-11-23 11:59 UTC; syncing stops then"), (-1, "the token ended at")],
)
def test_an_end_that_nothing_prevents_is_told_two_hours_before(minutes: int, words: str | None) -> None:
    found = token_end.of_account(account(ends_in=dt.timedelta(minutes=minutes)), NOW)

    assert (found.warning or "").startswith(words or "")
    assert (found.warning is None) == (words is None)
    assert found.has_ended == (minutes < 0)


def test_an_end_is_no_matter_where_the_token_is_renewed() -> None:
    found = token_end.of_account(
        account(
            ends_in=dt.timedelta(minutes=-1), used_ago=dt.timedelta(days=1), has_refresh_token=True, was_renewed=True
        ),
        NOW,
    )

    assert (found.has_ended, found.warning, str(found)) == (False, None, "kept fresh by itself")


def test_a_refresh_token_that_never_worked_is_not_said_to_keep_anything_fresh() -> None:
    found = token_end.of_account(account(used_ago=dt.timedelta(days=0), has_refresh_token=True), NOW)

    assert str(found) == "will be renewed by itself; not tried yet"


@pytest.mark.parametrize(("days", "is_told"), [(176.9, False), (177.1, True), (181, True)])
def test_a_refresh_token_that_goes_stale_is_told_three_days_before(days: float, is_told: bool) -> None:
    found = token_end.of_account(account(used_ago=dt.timedelta(days=days), has_refresh_token=True), NOW)

    assert ("goes stale" in (found.warning or "") or "went stale" in (found.warning or "")) == is_told
    assert found.stale_at == NOW + dt.timedelta(days=180 - days)


def test_without_a_token_there_is_no_access_and_nothing_to_warn_of() -> None:
    found = token_end.of_account(account(has_token=False), NOW)

    assert (found.has_ended, found.warning) == (True, None)
