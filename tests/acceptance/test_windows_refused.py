"""Row versions are not taken where a change would leave every age as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest

if TYPE_CHECKING:
    from tests.installation import Installation, Said

pytestmark = pytest.mark.http

FUNCTION = """
    CREATE TABLE phones (id uuid PRIMARY KEY, phone text);
    CREATE FUNCTION phone_of(of_id uuid) RETURNS text LANGUAGE plpgsql STABLE AS $$
    BEGIN RETURN (SELECT p.phone FROM phones AS p WHERE p.id = of_id); END $$;
    CREATE FUNCTION everybody() RETURNS SETOF contacts LANGUAGE plpgsql STABLE AS $$
    BEGIN RETURN QUERY SELECT * FROM contacts; END $$;
    CREATE FUNCTION phone_by(of_id uuid, also text) RETURNS text LANGUAGE plpgsql STABLE AS $$
    BEGIN RETURN (SELECT p.phone FROM phones AS p WHERE p.id = of_id); END $$;
    CREATE FUNCTION aged() RETURNS TABLE (id uuid, email text, row_age integer) LANGUAGE sql STABLE
    AS 'SELECT c.id, c.email, age(c.xmin) FROM contacts AS c';
    CREATE VIEW aged_view AS SELECT * FROM aged();
    CREATE OPERATOR ==> (LEFTARG = uuid, RIGHTARG = text, FUNCTION = phone_by)
"""

FIRST_PHONE = "SELECT x.phone, age(x.xmin) AS row_age FROM phones AS x WHERE x.id = c.id ORDER BY x.phone LIMIT 1"

#: Where a sum, or the first of several, becomes younger only sometimes.
CAN_HIDE = "in a way that can hide a younger row"
JOINED = "contacts AS c LEFT JOIN phones AS p USING (id)"
NICKS = "(SELECT id AS n, first_name AS nick FROM contacts OFFSET 0) AS m"
AGGREGATED = "(SELECT id, min(phone) AS phone, min(age(xmin)) AS a FROM phones GROUP BY id)"
#: A CTE that is used twice hangs on the step that only hands on what others put out.
BOTH_WAYS = (
    "(WITH b AS MATERIALIZED (SELECT id, email, age(xmin) AS a FROM contacts)"
    " SELECT * FROM b UNION ALL SELECT gen_random_uuid(), email, a FROM b) AS u"
)
BOTH_AGES = f"SELECT id, c.email, age(c.xmin) AS a, age(p.xmin) AS b FROM {JOINED} OFFSET 0"


def given(installation: Installation, columns: str, source: str = "contacts") -> Said:
    (installation.folder / "contacts.sql").write_text(f"SELECT id AS contact_id, email, {columns} FROM {source}")
    return installation.connect("acme", "--contacts-sql", "contacts.sql")


def window(installation: Installation) -> dict[str, Any]:
    (told,) = installation.say("status", "acme", "--json").json
    found: dict[str, Any] = told["window"]
    return found


@pytest.mark.parametrize(
    ("columns", "source", "words"),
    [
        ("phone_of(id) AS phone, age(xmin) AS row_age", "contacts", "what the function phone_of reads has no age"),
        ("1000000 AS row_age", "everybody()", "what the function everybody reads has no age"),
        ("1000000 AS row_age", "(VALUES (1, 'a@example.com')) AS v (id, email)", "not of a table that the statement"),
        (
            "greatest(age(c.xmin), age(p.xmin)) AS row_age",
            "contacts AS c LEFT JOIN phones AS p USING (id)",
            "in a way that can hide a younger row",
        ),
        (
            "greatest(coalesce(age(c.xmin), 0), coalesce(age(p.xmin), 0)) AS row_age",
            "contacts AS c LEFT JOIN phones AS p USING (id)",
            "in a way that can hide a younger row",
        ),
        ("age(c.xmin) + age(p.xmin) AS row_age", JOINED, CAN_HIDE),
        ("coalesce(age(p.xmin), age(c.xmin)) AS row_age", JOINED, CAN_HIDE),
        ("CASE WHEN p.id IS NULL THEN age(c.xmin) ELSE age(p.xmin) END AS row_age", JOINED, CAN_HIDE),
        ("m.row_age", f"(SELECT q.*, q.a + q.b AS row_age FROM ({BOTH_AGES}) AS q OFFSET 0) AS m", CAN_HIDE),
        ("s.row_age", "(SELECT id, email, age(xmin) AS row_age FROM contacts WHERE age(xmin) > 9) AS s", CAN_HIDE),
        (
            "t.phone, age(c.xmin) AS row_age",
            f"contacts AS c LEFT JOIN {AGGREGATED} AS t USING (id)",
            "does not count phones",
        ),
        ("p.xmin::text AS phone, age(c.xmin) AS row_age", JOINED, "row_age does not count phones (as p)"),
        (
            "nick AS first_name, age(c.xmin) AS row_age",
            f"contacts AS c LEFT JOIN {NICKS} ON n > c.id",
            "count contacts (as",
        ),
        ("row_age", "aged()", "what the function aged reads has no age"),
        ("row_age", "(SELECT * FROM aged_view) AS v", "what the function aged reads has no age"),
        ("a AS row_age", f"{BOTH_WAYS}", CAN_HIDE),
        ("id ==> email AS phone, age(xmin) AS row_age", "contacts", "what the function phone_by reads has no age"),
        (
            "p.phone, least(age(c.xmin), p.row_age) AS row_age",
            f"contacts AS c LEFT JOIN LATERAL ({FIRST_PHONE}) AS p ON true",
            "can change without a younger row",
        ),
        (
            "age(xmin) AS row_age",
            "(SELECT DISTINCT ON (lower(email)) *, xmin FROM contacts ORDER BY lower(email), first_name) AS d",
            "can change without a younger row",
        ),
    ],
)
def test_what_is_read_but_not_counted_is_an_obstacle_and_named(
    installation: Installation, columns: str, source: str, words: str
) -> None:
    installation.sql(FUNCTION)

    assert given(installation, columns, source).code == 0

    assert window(installation)["mode"] == "whole"
    assert words in window(installation)["reason"]
    said = installation.say("set", "acme", "window=xmin")
    assert said.code == 2
    assert words in said.err


@pytest.mark.parametrize(
    ("columns", "source"),
    [
        ("least(age(c.xmin), coalesce(age(p.xmin), 2147483647)) AS row_age", JOINED),
        ("least(age(xmin), (SELECT min(age(p.xmin)) FROM phones AS p WHERE p.id = c.id)) AS row_age", "contacts AS c"),
        ("least(s.a, s.b) AS row_age, lower(s.email) AS first_name", f"({BOTH_AGES}) AS s"),
        (
            "u.row_age",
            "(SELECT id, email, age(xmin) AS row_age FROM contacts UNION SELECT id, '', age(xmin) FROM phones) u",
        ),
        (
            "min(age(p.xmin))::bigint AS row_age",
            "phones AS p CROSS JOIN (VALUES ('a@example.com')) v (email) GROUP BY id, email",
        ),
        ("least(t.a, age(c.xmin)) AS row_age", f"contacts AS c LEFT JOIN {AGGREGATED} AS t USING (id)"),
    ],
    ids=["a missing row", "a subselect", "an inner step", "a union", "a group", "a grouped join"],
)
def test_what_is_made_of_ages_by_least_and_min_is_taken(installation: Installation, columns: str, source: str) -> None:
    installation.sql(FUNCTION)

    assert given(installation, columns, source).code == 0

    assert window(installation)["mode"] == "xmin"


def test_an_age_that_a_cte_puts_out_and_nobody_looks_at_counts_nothing(installation: Installation) -> None:
    installation.sql(FUNCTION)
    (installation.folder / "contacts.sql").write_text(
        f"WITH t AS MATERIALIZED {AGGREGATED} SELECT c.id AS contact_id, c.email, t.phone, age(c.xmin) AS row_age"
        " FROM contacts AS c LEFT JOIN t USING (id)"
    )

    assert installation.connect("acme", "--contacts-sql", "contacts.sql").code == 0

    assert window(installation)["mode"] == "whole"
    assert CAN_HIDE in window(installation)["reason"]


@pytest.mark.parametrize("by_hash", [True, False])
def test_distinct_rows_are_no_choice_of_one_however_postgresql_finds_them(
    installation: Installation, *, by_hash: bool
) -> None:
    (installation.folder / "contacts.sql").write_text(
        "SELECT DISTINCT id AS contact_id, email, age(xmin) AS row_age FROM contacts"
    )
    with psycopg.connect(installation.url, autocommit=True) as db:
        db.execute(f"ALTER DATABASE {db.info.dbname} SET enable_hashagg = {by_hash}".encode())

    assert installation.connect("acme", "--contacts-sql", "contacts.sql").code == 0

    assert window(installation)["mode"] == "xmin"


def test_a_text_that_means_a_time_asks_the_time(installation: Installation) -> None:
    given(installation, "created_at > 'today' AS eligible, age(xmin) AS row_age")

    assert window(installation)["mode"] == "whole"
    assert "what changes by time alone" in window(installation)["reason"]


def test_a_function_of_the_crm_s_that_is_called_age_is_no_obstacle(installation: Installation) -> None:
    installation.sql(
        "CREATE FUNCTION age(of_day date) RETURNS integer LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN 1; END $$"
    )

    given(installation, "age(xmin) AS row_age")

    assert window(installation)["mode"] == "xmin"


def test_an_age_that_counts_from_today_asks_the_time(installation: Installation) -> None:
    given(installation, "age(created_at) > interval '18 years' AS eligible, age(xmin) AS row_age")

    assert window(installation)["mode"] == "whole"
    assert "what changes by time alone" in window(installation)["reason"]


def test_a_function_that_reads_nothing_is_no_obstacle(installation: Installation) -> None:
    installation.sql(
        "CREATE FUNCTION tidy(value text) RETURNS text LANGUAGE plpgsql IMMUTABLE"
        " AS $$ BEGIN RETURN trim(value); END $$"
    )

    given(installation, "tidy(first_name) AS first_name, least(age(xmin), 1000000) AS row_age")

    assert window(installation)["mode"] == "xmin"


def test_what_changes_by_time_alone_is_read_whole_where_that_is_quick(installation: Installation) -> None:
    given(installation, "deleted_at > now() AS eligible, age(xmin) AS row_age")

    found = window(installation)
    assert found["mode"] == "whole"
    assert "what changes by time alone is found by reading everything" in found["reason"]
    assert installation.say("set", "acme", "window=xmin").code == 0
    assert "what changes by time alone is found by it too" in window(installation)["reason"]


def test_settings_that_are_given_together_count_for_each_other(installation: Installation) -> None:
    given(installation, "updated_at AS changed_at, CAST(pg_sleep(0.1) AS text) AS job_title")
    installation.add("ada@example.com")

    assert installation.say("set", "acme", "whole_seconds=0.05", "window=auto").code == 0

    assert window(installation)["mode"] == "overlap"


def test_a_mapping_that_changes_while_a_full_comparison_goes_on_asks_for_another(installation: Installation) -> None:
    installation.add("ada@example.com")
    installation.connect()
    installation.run()

    def change_the_mapping(words: str) -> None:
        if words == "comparing both sides":
            installation.say("set", "acme", "clear=job_title")

    installation.say("run", "acme", "--full")
    installation.sql("UPDATE reconciler.connections SET sweep_reason = 'gap'")
    installation.run_telling(change_the_mapping)

    assert installation.run()["reason"] == "mapping_changed"


def test_what_another_mapping_changes_is_not_recovered_late_also_when_it_is_forced(installation: Installation) -> None:
    installation.add("ada@example.com", first_name="Ada")
    given(installation, "age(xmin) AS row_age")
    installation.run()
    given(installation, "first_name, age(xmin) AS row_age")

    report = installation.run("acme", "--full")

    assert (report["reason"], report["counts"]["updated"]) == ("forced", 1)
    assert report["window"]["recovered_late"] == 0


def test_a_slow_statement_whose_workspace_has_the_whole_table_is_not_refused(installation: Installation) -> None:
    installation.sql(
        "INSERT INTO contacts (workspace, email)"
        " SELECT 'acme', 'p' || number || '@example.com' FROM generate_series(1, 15000) AS number"
    )
    installation.sql("ANALYZE contacts")
    slow = "SELECT *, pg_sleep(CASE WHEN email = 'p1@example.com' THEN 2.5 ELSE 0 END) FROM contacts"
    (installation.folder / "slow.sql").write_text(
        f"SELECT id AS contact_id, email, age(NULL::xid) AS row_age FROM ({slow}) AS s WHERE workspace = :workspace"
    )

    said = installation.say("crm", "check", "--contacts-sql", "slow.sql", "--workspace", "acme")

    assert said.code == 0, said.err
