"""Who may do what, in which workspace."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.console.access import EVERYWHERE, Grants, Person, Role

_GRANTS = st.dictionaries(st.sampled_from(["acme", "globex", "initech", EVERYWHERE]), st.sampled_from(list(Role)))
_WORKSPACES = st.sampled_from(["acme", "globex", "initech", "hooli"])


@given(_GRANTS, _WORKSPACES)
def test_a_role_everywhere_counts_in_each_workspace_and_never_lowers_another(
    roles: dict[str, Role], workspace: str
) -> None:
    found = Grants(roles).role_in(workspace)
    named = [roles[each] for each in (workspace, EVERYWHERE) if each in roles]
    assert found == (max(named) if named else None)


@given(_GRANTS, _WORKSPACES, st.sampled_from(list(Role)))
def test_the_workspaces_that_are_listed_are_those_in_which_somebody_has_the_role(
    roles: dict[str, Role], workspace: str, least: Role
) -> None:
    grants = Grants(roles)
    listed, role = grants.workspaces(least), grants.role_in(workspace)
    assert (listed is None or workspace in listed) == (role is not None and role >= least)


@pytest.mark.parametrize("word", ["owner", "ADMIN", "", None, 3, True, ["admin"]])
def test_what_names_no_role_grants_nothing(word: object) -> None:
    assert Grants.of({"acme": word}).role_in("acme") is None


def test_grants_survive_being_stored() -> None:
    grants = Grants({"acme": Role.ADMIN, EVERYWHERE: Role.VIEWER})
    assert Grants.of(grants.to_json()) == grants


def test_who_has_no_grant_has_no_role() -> None:
    assert Grants({}).highest is None
    assert Grants({}).workspaces() == []


def test_somebody_is_fresh_for_as_long_as_it_is_said_and_no_longer() -> None:
    moment = dt.datetime(2026, 11, 23, 10, tzinfo=dt.UTC)
    person = Person("ada", Grants({}), moment, "link")
    assert person.is_fresh(moment + dt.timedelta(seconds=600), 600)
    assert not person.is_fresh(moment + dt.timedelta(seconds=601), 600)
