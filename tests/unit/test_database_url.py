from __future__ import annotations

import traceback

import psycopg.conninfo
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.database_url import parse
from reconciler.errors import SettingsError

PASSWORD = "S3cretPw"

some_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufffd"), min_size=1)
host_names = st.from_regex(r"[a-z][a-z0-9-]{0,20}(\.[a-z]{2,5})?", fullmatch=True)


def quoted(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg", "POSTGRESQL"])
def test_each_scheme_becomes_the_one_that_psycopg_takes(scheme: str) -> None:
    assert parse(f"{scheme}://u:p@h/n").dsn.reveal() == "postgresql://u:p@h:5432/n"


def test_an_address_is_taken_apart() -> None:
    url = parse(f"postgresql://ledger:{PASSWORD}@db.example:6543/books?sslmode=require")

    assert (url.host, url.port, url.database, url.user) == ("db.example", 6543, "books", "ledger")
    assert url.dsn.reveal() == f"postgresql://ledger:{PASSWORD}@db.example:6543/books?sslmode=require"


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("postgres://user:S3cretPw@host/name", "postgresql://user:***@host:5432/name"),
        ("postgres://user@host/name", "postgresql://user@host:5432/name"),
        ("postgres://host/name?password=S3cretPw&user=u", "postgresql://u:***@host:5432/name"),
        ("postgres://u@[::1]/name?sslpassword=S3cretPw", "postgresql://u@[::1]:5432/name"),
        ("postgres://u:S3cretPw@/n?host=/run/pg", "postgresql://u:***@/n?host=%2Frun%2Fpg&port=5432"),
    ],
)
def test_the_redacted_address_has_neither_password_nor_options(text: str, redacted: str) -> None:
    assert parse(text).redacted == redacted


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://user@/name?host=/socket/dir",
        "postgresql://user@/name?host=%2Fsocket%2Fdir",
        "postgresql://user@%2Fsocket%2Fdir/name",
        "postgresql://user@ignored.example/name?host=/socket/dir&port=5432",
    ],
)
def test_the_directory_of_a_unix_socket_is_a_host(text: str) -> None:
    url = parse(text)

    assert (url.host, url.port) == ("/socket/dir", 5432)
    assert url.dsn.reveal() == "postgresql://user@/name?host=%2Fsocket%2Fdir&port=5432"


def test_an_address_without_a_host_leaves_the_choice_to_libpq() -> None:
    url = parse("postgresql:///name")

    assert (url.host, url.user, url.dsn.reveal()) == ("", "", "postgresql://:5432/name")


def test_a_raw_at_sign_in_a_password_is_taken_for_a_part_of_it() -> None:
    assert parse("postgresql://u:p@ss@h/n").dsn.reveal() == "postgresql://u:p%40ss@h:5432/n"


def test_a_silent_end_of_a_connection_is_noticed_unless_the_address_says_otherwise() -> None:
    usual = psycopg.conninfo.conninfo_to_dict(parse("postgresql://h/n").to_connect.reveal())
    own = psycopg.conninfo.conninfo_to_dict(parse("postgresql://h/n?tcp_user_timeout=5").to_connect.reveal())

    assert (usual["tcp_user_timeout"], usual["keepalives_idle"], usual["connect_timeout"]) == ("60000", "30", "10")
    assert own == {**usual, "tcp_user_timeout": "5"}


def test_a_plus_sign_in_an_option_is_not_a_blank() -> None:
    assert parse("postgresql://h/n?application_name=a+b").dsn.reveal().endswith("application_name=a%2Bb")


def test_blanks_around_an_address_do_not_count() -> None:
    assert parse(" postgresql://h/n\n").database == "n"


@pytest.mark.parametrize(
    ("text", "trouble"),
    [
        ("", "does not begin with"),
        (PASSWORD, "does not begin with"),
        (f"postgresql//u:{PASSWORD}@db/x", "does not begin with"),
        (f"mysql://u:{PASSWORD}@db/x", "does not begin with"),
        (f"postgresql+asyncpg://u:{PASSWORD}@db/x", "does not begin with"),
        (f"postgresql://u:{PASSWORD}@db", "names no database"),
        (f"postgresql://u:{PASSWORD}@db/", "names no database"),
        (f"postgresql://u:{PASSWORD}@db/?sslmode=require", "names no database"),
        (f"postgresql://u:{PASSWORD}@db:port/x", "port that is not a number"),
        (f"postgresql://u:{PASSWORD}@db:0/x", "port that is not a number"),
        (f"postgresql://u:{PASSWORD}@db:65536/x", "port that is not a number"),
        (f"postgresql://u:{PASSWORD}@db:{'9' * 5000}/x", "port that is not a number"),
        (f"postgresql://u:{PASSWORD}@::1/x", "port that is not a number"),
        (f"postgresql://u:{PASSWORD}@a:1,b:2/x", "port that is not a number"),
        (f"postgresql://u:{PASSWORD}@a,b/x", "more than one host"),
        (f"postgresql://u:{PASSWORD}@a b/x", "blanks or unprintable"),
        (f"postgresql://u:{PASSWORD}%zz@db/x", "two hexadecimal digits"),
        (f"postgresql://u:{PASSWORD}%ff@db/x", "not UTF-8"),
        (f"postgresql://u:{PASSWORD}\udcff@db/x", "not UTF-8"),
        (f"postgresql://u:{PASSWORD}@[::1]a:1/x", "goes on after the ]"),
        (f"postgresql://u:{PASSWORD}@[::1/x", "port that is not a number"),
        (f"postgresql://u:{PASSWORD}%00@db/x", "NUL byte"),
        (f"postgresql://u:{PASSWORD}\0@db/x", "NUL byte"),
        (f"postgresql://u:{PASSWORD}@db/x?sslmode", "an option without"),
        (f"postgresql://u:12/{PASSWORD}@db/x", "an @ or a /"),
        (f"postgresql://u:12?a={PASSWORD}@db/x", "an @ or a /"),
        (f"postgresql://u:12/a?b={PASSWORD}@db/x", "an @ or a /"),
    ],
)
def test_a_malformed_address_is_refused_and_never_shown(text: str, trouble: str) -> None:
    with pytest.raises(SettingsError, match=trouble) as caught:
        parse(text)

    assert PASSWORD not in f"{caught.value} {caught.value.advice}"
    assert PASSWORD not in "".join(traceback.format_exception(caught.value))
    assert "postgresql://user:password@host:5432/name" in caught.value.advice


@given(user=some_text, password=some_text, host=host_names, database=some_text, option=some_text)
def test_libpq_reads_every_part_as_it_was_meant(
    user: str, password: str, host: str, database: str, option: str
) -> None:
    login = f"{quoted(user)}:{quoted(password)}"
    url = parse(f"postgres://{login}@{host}/{quoted(database)}?application_name={quoted(option)}")

    assert psycopg.conninfo.conninfo_to_dict(url.dsn.reveal()) == {
        "user": user,
        "password": password,
        "host": host,
        "port": "5432",
        "dbname": database,
        "application_name": option,
    }


@given(password=some_text, host=host_names | st.just("%2Fsocket") | st.just("[::1]"), database=some_text)
def test_a_normalised_address_parsed_again_is_the_same(password: str, host: str, database: str) -> None:
    url = parse(f"postgres://u:{quoted(password)}@{host}/{quoted(database)}")

    assert parse(url.dsn.reveal()) == url


@given(st.text(st.characters()))
def test_whatever_is_wrong_after_it_the_password_is_not_shown(text: str) -> None:
    try:
        url = parse(f"postgres://u:{PASSWORD}{text}@h/n")
        shown = f"{url!r} {url.redacted}"
    except SettingsError as fault:
        shown = f"{fault} {fault.advice}"

    assert PASSWORD not in shown
