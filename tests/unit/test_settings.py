from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.errors import SettingsError
from reconciler.secret import Secret
from reconciler.settings import Settings


def loaded(**variables: str) -> Settings:
    """Load settings from variables named without their prefix."""
    return Settings.load({f"RECONCILER_{name}": text for name, text in variables.items()}, None)


def faults(**variables: str) -> str:
    with pytest.raises(SettingsError) as caught:
        loaded(**variables)
    return str(caught.value)


def dotenv(directory: Path, text: str) -> Path:
    path = directory / ".env"
    path.write_text(text, encoding="utf-8")
    return path


def test_an_empty_environment_gives_the_promised_defaults() -> None:
    assert Settings.load({}, None) == Settings(
        database_url=None,
        crm_url=None,
        keyring=None,
        api_url="https://api.cc.email/v3",
        auth_url="https://authz.constantcontact.com/oauth2/default/v1",
        pace_per_second=2.8,
        pace_per_day=9500,
        read_only=False,
        log_level="info",
        log_format="auto",
        healthcheck_url=None,
    )


def test_every_variable_reaches_its_setting() -> None:
    assert loaded(
        DATABASE_URL="postgres://u:p@ledger/l",
        CRM_URL="postgresql+psycopg://u:p@crm/c",
        QUEUE_URL="postgresql://u:p@direct/l",
        KEYRING="/etc/reconciler/keyring.json",
        API_URL="https://api.example/v3",
        AUTH_URL="https://auth.example/v1",
        PACE_PER_SECOND="4",
        PACE_PER_DAY="20000",
        READ_ONLY="1",
        LOG_LEVEL="WARNING",
        LOG_FORMAT="json",
        HEALTHCHECK_URL="https://ping.example/abc?x=1",
    ) == Settings(
        database_url=Secret("postgresql://u:p@ledger:5432/l"),
        crm_url=Secret("postgresql://u:p@crm:5432/c"),
        queue_url=Secret("postgresql://u:p@direct:5432/l"),
        keyring=Path("/etc/reconciler/keyring.json"),
        api_url="https://api.example/v3",
        auth_url="https://auth.example/v1",
        pace_per_second=4.0,
        pace_per_day=20000,
        read_only=True,
        log_level="warning",
        log_format="json",
        healthcheck_url="https://ping.example/abc?x=1",
    )


def test_the_crm_is_in_the_ledgers_database_unless_told_otherwise() -> None:
    assert loaded(DATABASE_URL="postgres://h/n").crm_url == Secret("postgresql://h:5432/n")


def test_an_empty_variable_is_as_good_as_none() -> None:
    assert loaded(READ_ONLY="", DATABASE_URL=" ") == Settings()


def test_the_variables_of_tests_and_of_other_programs_are_let_be() -> None:
    environ = {
        "RECONCILER_TEST_DATABASE_URL": "anything",
        "RECONCILER_CONTRACT_CREDENTIALS": "anything",
        "HOME": "a\0b",
    }

    assert Settings.load(environ, None) == Settings()


def test_all_faults_are_reported_at_once() -> None:
    lines = faults(DATABASE_URL="db", PACE_PER_DAY="0", READ_ONLY="yes", LOG_FORMAT="xml", COLOUR="1")

    assert [line.split(":")[0] for line in lines.splitlines()[1:]] == [
        "- RECONCILER_COLOUR",
        "- RECONCILER_DATABASE_URL",
        "- RECONCILER_LOG_FORMAT",
        "- RECONCILER_PACE_PER_DAY",
        "- RECONCILER_READ_ONLY",
    ]


@pytest.mark.parametrize(
    "name",
    [
        "DATABASE_URL",
        "CRM_URL",
        "API_URL",
        "AUTH_URL",
        "PACE_PER_SECOND",
        "PACE_PER_DAY",
        "READ_ONLY",
        "LOG_LEVEL",
        "LOG_FORMAT",
        "HEALTHCHECK_URL",
        "UNKNOWN",
    ],
)
def test_no_value_is_ever_shown(name: str) -> None:
    shown = faults(**{name: "postgresql//u:S3cretPw@db/x"})

    assert f"RECONCILER_{name}: " in shown
    assert "S3cretPw" not in shown


def test_settings_print_without_their_secrets() -> None:
    settings = loaded(DATABASE_URL="postgres://u:S3cretPw@h/n", HEALTHCHECK_URL="https://ping.example/S3cretPw")

    assert "S3cretPw" not in repr(settings)


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("PACE_PER_DAYS", "Did you mean RECONCILER_PACE_PER_DAY?"),
        ("READONLY", "Did you mean RECONCILER_READ_ONLY?"),
        ("DATABASE", "Did you mean RECONCILER_DATABASE_URL?"),
        ("read_only", "Did you mean RECONCILER_READ_ONLY?"),
        ("XYZZY", "Remove it."),
    ],
)
def test_an_unknown_variable_is_a_fault_with_the_nearest_known_name(name: str, suggestion: str) -> None:
    assert faults(**{name: "1"}).endswith(f"RECONCILER_{name}: There is no such variable. {suggestion}")


@pytest.mark.parametrize("name", ["DATABASE_URL", "KEYRING", "LOG_LEVEL", "TEST_DATABASE_URL"])
def test_a_nul_byte_is_named(name: str) -> None:
    assert f"RECONCILER_{name}: It contains a NUL byte." in faults(**{name: "a\0b"})


def test_an_unprintable_name_is_shown_escaped() -> None:
    assert r"'RECONCILER_\x00\n': There is no such variable." in faults(**{"\0\n": "1"})


@pytest.mark.parametrize("pace", ["0", "-1", "0.009", "1000.1", "nan", "inf", "2,8", "fast"])
def test_a_pace_per_second_out_of_range_is_refused(pace: str) -> None:
    assert "RECONCILER_PACE_PER_SECOND: It is" in faults(PACE_PER_SECOND=pace)


def test_the_highest_pace_per_second_is_a_thousand() -> None:
    assert loaded(PACE_PER_SECOND="1000").pace_per_second == 1000


@pytest.mark.parametrize("pace", ["0", "-1", "1.5", "100000001", "9" * 5000, "many"])
def test_a_pace_per_day_that_is_no_whole_number_or_out_of_range_is_refused(pace: str) -> None:
    assert "RECONCILER_PACE_PER_DAY: It is" in faults(PACE_PER_DAY=pace)


@pytest.mark.parametrize("variable", ["API_URL", "AUTH_URL"])
@pytest.mark.parametrize(
    ("address", "trouble"),
    [
        ("http://api.example/v3", "plain http to another machine"),
        ("http://localhost.example/v3", "plain http to another machine"),
        ("http://128.0.0.1/v3", "plain http to another machine"),
        ("http://[::2]/v3", "plain http to another machine"),
        ("http://127.1/v3", "plain http to another machine"),
        ("https://user@api.example/v3", "contains a user name"),
        ("https://@api.example/v3", "contains a user name"),
        ("https://api.example/v3?", "goes on after its path"),
        ("https://api.example/v3?a=b", "goes on after its path"),
        ("https://api.example/v3#a", "goes on after its path"),
        ("https://api.example/%00", "blanks or unprintable"),
        ("http://local\thost/v3", "blanks or unprintable"),
        ("ftp://api.example/v3", "not a web address"),
        ("api.example/v3", "not a web address"),
        ("https:///v3", "not a web address"),
        ("https://api.example:port/v3", "not a web address"),
        ("https://api.example:0/v3", "not a web address"),
        ("https://[::1/v3", "not a web address"),
        ("http://127.0.0.1\\.example/v3", "not a web address"),
    ],
)
def test_an_address_that_tokens_must_not_go_to_is_refused(variable: str, address: str, trouble: str) -> None:
    assert trouble in faults(**{variable: address})


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:8080/v3", "http://127.9.9.9/v3", "http://localhost/v3", "http://[::1]:80/v3"],
)
def test_plain_http_on_loopback_is_taken(address: str) -> None:
    assert loaded(API_URL=address, AUTH_URL=address).api_url == address


def test_the_trailing_slash_of_an_address_is_dropped() -> None:
    assert loaded(API_URL="https://API.example/v3/").api_url == "https://api.example/v3"


def test_a_dotenv_file_is_read_as_it_is_written(tmp_path: Path) -> None:
    path = dotenv(tmp_path, "# ours\nexport RECONCILER_DATABASE_URL='postgres://u:${HOME}@h/n'\nOTHER=1\nBARE\n")

    assert Settings.load({"HOME": "/root"}, path).database_url == Secret("postgresql://u:%24%7BHOME%7D@h:5432/n")


def test_the_environment_wins_over_the_dotenv_file(tmp_path: Path) -> None:
    path = dotenv(tmp_path, "RECONCILER_LOG_LEVEL=debug\nRECONCILER_READ_ONLY=1\n")

    assert Settings.load({"RECONCILER_LOG_LEVEL": "error"}, path) == Settings(log_level="error", read_only=True)


def test_an_empty_variable_hides_the_dotenv_files_own(tmp_path: Path) -> None:
    path = dotenv(tmp_path, "RECONCILER_LOG_LEVEL=debug\n")

    assert Settings.load({"RECONCILER_LOG_LEVEL": ""}, path).log_level == "info"


def test_a_missing_dotenv_file_is_no_fault(tmp_path: Path) -> None:
    assert Settings.load({}, tmp_path / ".env") == Settings()


@pytest.mark.parametrize("line", ["RECONCILER_READ_ONLY: 1", "RECONCILER_READ_ONLY", "'S3cretPw"])
def test_a_dotenv_line_that_cannot_be_read_is_a_fault_beside_the_others(tmp_path: Path, line: str) -> None:
    path = dotenv(tmp_path, f"A=b\n{line}\n")

    with pytest.raises(SettingsError, match="Line 2 can't be read") as caught:
        Settings.load({"RECONCILER_READ_ONLY": "maybe"}, path)

    assert "RECONCILER_READ_ONLY: It is neither 0 nor 1." in str(caught.value)
    assert "S3cretPw" not in str(caught.value)


def test_a_dotenv_file_that_is_a_directory_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="The file can't be read: Is a directory"):
        Settings.load({}, tmp_path)


def test_a_dotenv_file_that_is_not_utf_8_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"A=\xff")

    with pytest.raises(SettingsError, match="The file is not UTF-8"):
        Settings.load({}, tmp_path / ".env")
