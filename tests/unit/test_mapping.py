"""The statement's columns: how they differ, what they become, and their fingerprint."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reconciler.crm.explained import column_of, scans
from reconciler.crm.text import names_workspace
from reconciler.mapping import Column, difference, digest, faults, meaning, wanted

COLUMNS = st.dictionaries(
    st.sampled_from(["email", "phone", "cf_level", "eligible"]), st.sampled_from(["text", "uuid"])
)


def test_what_is_gone_new_or_of_another_type_is_told() -> None:
    before = {"email": "text", "phone": "text", "row_age": "integer"}
    now = {"email": "character varying", "mobile_phone": "text", "row_age": "integer"}

    assert difference(before, now) == (
        "phone text is gone; mobile_phone text is new; email is character varying, before text"
    )


@given(COLUMNS, COLUMNS)
def test_only_equal_columns_have_no_difference(before: dict[str, str], now: dict[str, str]) -> None:
    assert (difference(before, now) == "") == (before == now)


def test_the_order_of_columns_is_free() -> None:
    one, other = {"email": "text", "phone": "text"}, {"phone": "text", "email": "text"}

    assert difference(one, other) == ""
    assert digest("s", "acme", "list", one, {}, {}) == digest("s", "acme", "list", other, {}, {})


def test_a_choice_that_is_made_changes_the_fingerprint() -> None:
    assert digest("s", "acme", "list", {}, {}, {}) != digest("s", "acme", "list", {}, {}, {"clear": ["phone"]})


def test_a_time_without_a_zone_is_told_how_to_declare_one() -> None:
    [fault] = faults(
        [Column("contact_id", "text"), Column("email", "text"), Column("changed_at", "timestamp without time zone")]
    )

    assert "changed_at AT TIME ZONE 'UTC' AS changed_at" in fault


def test_what_the_window_reads_is_not_part_of_the_contact() -> None:
    assert wanted({"contact_id": "text", "row_age": "integer", "email": "text", "changed_at": "x"}) == [
        "contact_id",
        "email",
    ]


def test_each_column_has_a_meaning() -> None:
    assert meaning("mobile_phone") == "mobile phone"
    assert meaning("cf_level") == "custom field level"
    assert meaning("row_age") == "how old the row's version is: the xmin window"


def test_the_parameter_is_found_only_where_it_is_one() -> None:
    assert names_workspace("SELECT 1 WHERE w = :workspace")
    assert not names_workspace("SELECT ':workspace' -- :workspace\n/* :workspace */")


def test_the_column_that_needs_an_index_is_read_from_the_condition() -> None:
    assert column_of("(contacts.workspace = 'nobody'::text)", "nobody") == "workspace"
    assert column_of("((c.\"Tenant\")::text = 'nobody'::text)", "nobody") == '"Tenant"'
    assert column_of("(person.tenant_id = '-1'::integer)", "-1") == "tenant_id"
    assert column_of("(lower(person.tenant) = 'nobody'::text)", "nobody") is None


def test_a_scan_counts_its_versions_only_by_its_own_alias() -> None:
    def scan(alias: str, *output: str) -> dict[str, object]:
        return {
            "Node Type": "Seq Scan",
            "Relation Name": "person",
            "Schema": "public",
            "Alias": alias,
            "Plan Rows": 10,
            "Output": output,
        }

    plan = {
        "Node Type": "Hash Join",
        "Hash Cond": "(p.id = m.id)",
        "Plans": [scan("p", "p.id", "age(p.xmin)"), scan("m", "m.id", "mp.xmin")],
    }

    assert [(found.alias, found.counts_versions, found.condition) for found in scans(plan)] == [
        ("p", True, "(p.id = m.id)"),
        ("m", False, "(p.id = m.id)"),
    ]
