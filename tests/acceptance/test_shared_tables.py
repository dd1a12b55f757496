"""One table for many workspaces: a statement that would scan all of it for each of them is refused at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.refusals import assert_refused, stored

if TYPE_CHECKING:
    from tests.installation import Installation, Said

pytestmark = pytest.mark.http

STATEMENT = (
    "SELECT customer_id AS contact_id, email, changed_at, age(xmin) AS row_age FROM customer WHERE tenant = {condition}"
)
#: A tenant's number as each kind of column has it.
TENANTS = {
    "text": ("'tenant ' || t", "tenant 7", ":workspace"),
    "integer": ("t", "7", "CAST(:workspace AS integer)"),
    "bigint": ("t", "7", "CAST(:workspace AS bigint)"),
    "uuid": (
        "CAST('00000000-0000-4000-8000-' || lpad(CAST(t AS text), 12, '0') AS uuid)",
        "00000000-0000-4000-8000-000000000007",
        "CAST(:workspace AS uuid)",
    ),
}


def customers(installation: Installation, kind: str, *, tenants: int = 40, each: int = 500) -> None:
    """One table of the customers of many tenants, with no index but that of its key."""
    installation.sql(
        f"CREATE TABLE customer (customer_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tenant {kind},"
        " email text, changed_at timestamptz DEFAULT now())"
    )
    installation.sql(
        f"INSERT INTO customer (tenant, email) SELECT {TENANTS[kind][0]}, 't' || t || 'c' || c || '@example.com'"
        f" FROM generate_series(1, {tenants}) AS t, generate_series(1, {each}) AS c"
    )
    installation.sql("ANALYZE customer")


def connect(installation: Installation, kind: str, statement: str = STATEMENT) -> Said:
    _, workspace, condition = TENANTS[kind]
    (installation.folder / "contacts.sql").write_text(statement.replace("{condition}", condition))
    return installation.connect("acme", "--contacts-sql", "contacts.sql", "--workspace", workspace)


def check(installation: Installation, statement: str = STATEMENT) -> Said:
    (installation.folder / "contacts.sql").write_text(statement.replace("{condition}", ":workspace"))
    return installation.say("crm", "check", "--contacts-sql", "contacts.sql", "--workspace", "tenant 7")


@pytest.mark.parametrize("kind", TENANTS)
def test_a_statement_that_would_scan_the_table_for_each_workspace_names_the_index_it_needs(
    installation: Installation, kind: str
) -> None:
    customers(installation, kind)

    assert_refused(
        connect(installation, kind),
        2,
        "the statement would scan all of customer, about ",
        "rows, for each workspace; this one has 500",
        "it needs an index: CREATE INDEX CONCURRENTLY ON public.customer (tenant)",
    )

    assert stored(installation) == 0
    installation.sql("CREATE INDEX ON public.customer (tenant)")
    assert connect(installation, kind).code == 0
    assert installation.say("status", "acme", "--json").json[0]["window"]["mode"] == "xmin"


def test_a_table_that_was_never_analyzed_is_judged_by_its_size(installation: Installation) -> None:
    customers(installation, "text", each=1)
    installation.sql("CREATE TABLE unseen AS SELECT c.* FROM customer AS c, generate_series(1, 1000)")

    assert_refused(
        check(installation, STATEMENT.replace("customer WHERE", "unseen WHERE")), 2, "public.unseen (tenant)"
    )


def test_a_check_says_the_same_without_a_connection(installation: Installation) -> None:
    customers(installation, "text")

    assert_refused(check(installation), 2, "CREATE INDEX CONCURRENTLY ON public.customer (tenant)")


def test_one_workspace_alone_in_a_big_table_is_accepted(installation: Installation) -> None:
    customers(installation, "text", tenants=7, each=1)
    installation.sql(
        "INSERT INTO customer (tenant, email)"
        " SELECT 'tenant 7', 'c' || c || '@example.com' FROM generate_series(1, 20000) AS c"
    )

    assert check(installation).code == 0


def test_a_workspace_without_anybody_yet_is_refused_too(installation: Installation) -> None:
    customers(installation, "integer")
    installation.sql("DELETE FROM customer WHERE tenant = 7")

    assert_refused(connect(installation, "integer"), 2, "this one has 0", "ON public.customer (tenant)")


def test_a_small_shared_table_needs_no_index(installation: Installation) -> None:
    customers(installation, "text", tenants=40, each=100)

    assert check(installation).code == 0


def test_a_joined_table_without_an_index_is_named_with_the_condition(installation: Installation) -> None:
    customers(installation, "text")
    installation.sql("CREATE INDEX ON customer (tenant)")
    installation.sql("CREATE TABLE phone AS SELECT customer_id AS owner, '5550100'::text AS number FROM customer")
    installation.sql("ANALYZE phone")
    joined = (
        "SELECT c.customer_id AS contact_id, c.email, p.number AS phone FROM customer AS c"
        " LEFT JOIN phone AS p ON p.owner = c.customer_id WHERE c.tenant = {condition}"
    )

    said = connect(installation, "text", joined)

    assert_refused(said, 2, "would scan all of phone", "index on the columns of public.phone", "p.owner")
    installation.sql("CREATE INDEX ON phone (owner)")
    assert connect(installation, "text", joined).code == 0


def test_a_statement_without_a_workspace_may_read_all_of_its_table(installation: Installation) -> None:
    customers(installation, "text")

    assert check(installation, "SELECT customer_id AS contact_id, email FROM customer").code == 0
