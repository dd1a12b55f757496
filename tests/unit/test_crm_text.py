"""The admin's statement in ours: where its parameter is, where it ends, which names are in it."""

from __future__ import annotations

import pytest

from reconciler.crm import text

HEAD = "SELECT * FROM ("
TAIL = "\n) AS crm WHERE (CAST($1 AS text) IS NULL OR true)"


@pytest.mark.parametrize(
    ("statement", "sent"),
    [
        ("SELECT :workspace", "SELECT CAST($1 AS text)"),
        ("SELECT 1 :: int", "SELECT 1 :: int"),
        ("SELECT ':workspace', \"a:workspace\"", "SELECT ':workspace', \"a:workspace\""),
        ("SELECT E'it\\'s :workspace'", "SELECT E'it\\'s :workspace'"),
        ("SELECT e'\\\\', :workspace", "SELECT e'\\\\', CAST($1 AS text)"),
        ("SELECT name'x', :workspace", "SELECT name'x', CAST($1 AS text)"),
        ("SELECT $$:workspace$$, $a$:workspace$a$", "SELECT $$:workspace$$, $a$:workspace$a$"),
        ("SELECT 1 -- :workspace\n", "SELECT 1"),
        ("SELECT 1 /* :workspace; */ FROM a", "SELECT 1 /* :workspace; */ FROM a"),
        ("SELECT 1; -- the end", "SELECT 1"),
        ("SELECT 1 ; ;\n/* the end */ ;", "SELECT 1"),
        ("SELECT '; -- no end'", "SELECT '; -- no end'"),
        ("-- begin\nSELECT 1", "-- begin\nSELECT 1"),
    ],
)
def test_a_statement_goes_along_as_it_is_but_for_its_parameter_and_its_end(statement: str, sent: str) -> None:
    assert text.everything(statement) == f"{HEAD}{sent}{TAIL}"


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("SELECT $2", "$2"),
        ("SELECT 1 WHERE a = $1", "$1"),
        ("SELECT '$2', $a$ $2 $a$ -- $2", None),
        ("SELECT a$2", None),
        ("SELECT :workspace", None),
    ],
)
def test_a_parameter_that_nobody_fills_is_found(statement: str, found: str | None) -> None:
    assert text.other_parameter(statement) == found


def test_the_names_of_a_statement_are_those_of_the_catalogue() -> None:
    statement = '''
        SELECT c.Id, 'crm.people', "Mixed ""Case""" . x -- crm.old
        FROM crm . "Contacts" AS c JOIN déjà_vu USING (id) WHERE c.n = 1.5e3 AND w = :workspace
    '''

    found = text.names(statement)

    assert {("crm", "Contacts"), ("", "Contacts"), ("c", "id"), ("", 'Mixed "Case"'), ("", "déjà_vu")} <= found
    assert not {name for _, name in found} & {"people", "old", "workspace", "contacts"}
