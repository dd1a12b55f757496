"""Secrets that lie in files, as containers and systemd get them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reconciler.errors import SettingsError
from reconciler.secret import Secret
from reconciler.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

_URL = "postgresql://u:hidden@h:5432/n"


def fault(variables: dict[str, str]) -> str:
    with pytest.raises(SettingsError) as caught:
        Settings.load(variables, None)
    return str(caught.value)


def test_each_secret_may_lie_in_a_file_with_blanks_around_it(tmp_path: Path) -> None:
    texts = {"DATABASE_URL": _URL, "CRM_URL": f"{_URL}2", "QUEUE_URL": f"{_URL}3", "HEALTHCHECK_URL": "https://p/1"}
    texts["NOTIFY_URL"] = "json://n"
    for name, text in texts.items():
        (tmp_path / name).write_text(f"\n {text}\r\n", encoding="utf-8")

    loaded = Settings.load({f"RECONCILER_{name}_FILE": str(tmp_path / name) for name in texts}, None)

    assert loaded == Settings(
        database_url=Secret(_URL),
        crm_url=Secret(f"{_URL}2"),
        queue_url=Secret(f"{_URL}3"),
        healthcheck_url="https://p/1",
        notify_url=Secret("json://n"),
    )


def test_the_crm_is_in_the_ledgers_database_also_where_that_is_named_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "url").write_text(_URL, encoding="utf-8")
    (tmp_path / ".env").write_text(f"RECONCILER_DATABASE_URL_FILE={tmp_path / 'url'}\n", encoding="utf-8")

    assert Settings.load({}, tmp_path / ".env").crm_url == Secret(_URL)


def test_an_empty_name_is_as_good_as_none() -> None:
    variables = {"RECONCILER_DATABASE_URL_FILE": " ", "RECONCILER_DATABASE_URL": _URL}

    assert Settings.load(variables, None).database_url == Secret(_URL)


def test_a_file_beside_its_variable_is_refused_for_nobody_can_say_which_was_meant(tmp_path: Path) -> None:
    (tmp_path / "url").write_text(_URL, encoding="utf-8")
    both = {"RECONCILER_DATABASE_URL": _URL, "RECONCILER_DATABASE_URL_FILE": str(tmp_path / "url")}

    said = fault(both)

    assert "RECONCILER_DATABASE_URL_FILE: RECONCILER_DATABASE_URL is set too." in said
    assert "hidden" not in said


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "No such file or directory"),
        (b" \n", "empty, or far too large"),
        (b"x" * 100_001, "empty, or far too large"),
        (b"\xff\xfe", "not UTF-8"),
        (b"hidden:// is no database", "RECONCILER_DATABASE_URL: The database address does not begin"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_and_neither_its_name_nor_its_text(
    tmp_path: Path, content: bytes | None, told: str
) -> None:
    path = tmp_path / "hidden"
    if content is not None:
        path.write_bytes(content)

    said = fault({"RECONCILER_DATABASE_URL_FILE": str(path)})

    assert told in said
    assert "hidden" not in said


def test_a_secret_in_the_place_of_a_path_is_not_shown() -> None:
    said = [fault({"RECONCILER_DATABASE_URL_FILE": text}) for text in (_URL, "hidden\0", "hidden" * 1000)]

    assert "hidden" not in "".join(said)


def test_a_misspelt_one_is_an_error() -> None:
    assert "Did you mean RECONCILER_DATABASE_URL_FILE?" in fault({"RECONCILER_DATABASE_URL_FILES": "/x"})
