"""The documents beside the program: what is promised in one is there in the other."""

from __future__ import annotations

import dataclasses
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
import pytest

from reconciler import domain, report, statements
from reconciler.cli import commands
from reconciler.cli.shared import EXITS
from reconciler.ledger import schema
from reconciler.limits import Limits
from reconciler.problems import CATALOGUE
from reconciler.settings import _KNOWN

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROOT: Final = Path(__file__).resolve().parents[2]
_REFERENCE: Final = _ROOT / "docs" / "reference"
_WORDS: Final = (
    *("account", "connection", "contact", "member", "wanted", "present", "applied", "eligible", "watermark", "window"),
    *("mirror", "candidate", "plan", "change", "Add", "Update", "Readdress", "skip", "guard", "batch", "receipt"),
    *("reject", "lease", "budget", "sweep", "drift", "run", "report"),
)
#: The folders of the machine on which this is written; and the files that look for something beside the checkout.
_FOREIGN: Final = re.compile(rf"{re.escape('/')}work\b(?!space)|{re.escape('/')}root/|\.\./{'shared'}")
_MAY_LOOK_BESIDE: Final = (Path(".ci/run"), Path("tests/crm_samples.py"))
_OURS: Final = (".ci", ".github")
_LINK: Final = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_LONGEST_LINE: Final = 120
_FAULTS: Final = 72


def _leaves(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        yield path, command
        return
    for name, inner in sorted(command.commands.items()):
        yield from _leaves(inner, f"{path} {name}")


_COMMANDS: Final = dict(_leaves(commands, "reconciler"))


def _files() -> list[Path]:
    found = []
    for folder, inner, names in os.walk(_ROOT):
        inner[:] = [
            name
            for name in inner
            if (not name.startswith(".") or name in _OURS)
            and name not in ("__pycache__", "build", "dist", "node_modules")
            and not name.endswith(".egg-info")
        ]
        found += [Path(folder, name).relative_to(_ROOT) for name in names]
    return sorted(found)


_DOCUMENTS: Final = [file for file in _files() if file.suffix == ".md"]


def _reference(name: str) -> str:
    return (_REFERENCE / name).read_text(encoding="utf-8")


def _first_cells(text: str) -> set[str]:
    """What stands in the first column of a document's tables."""
    return {word for line in text.splitlines() if line.startswith("| ") for word in line.split("|")[1].split(", ")}


def _named(text: str) -> set[str]:
    """The names in the first column, without their backticks."""
    return {cell.strip().strip("`") for cell in _first_cells(text)}


def _section(text: str, heading: str) -> str:
    found = re.search(rf"^{re.escape(heading)}\n(.*?)(?=^#|\Z)", text, re.DOTALL | re.MULTILINE)
    assert found, f"there is no heading {heading!r}"
    return found[1]


def _anchors(document: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


def _tests_named(text: str) -> list[tuple[str, str]]:
    """The tests that a list names, each beneath its file."""
    found, file = [], ""
    for path, name in re.findall(r"^ *- `(?:(tests/[\w/]+\.py)|(test_\w+))`$", text, re.MULTILINE):
        file = path or file
        found += [(file, name)] if name else []
    return found


def _is_there(file: str, test: str) -> bool:
    path = _ROOT / file
    return path.is_file() and re.search(rf"^ *def {test}\(", path.read_text(encoding="utf-8"), re.MULTILINE) is not None


@pytest.mark.parametrize("path", _COMMANDS)
def test_every_command_is_documented_with_the_first_line_of_its_help(path: str) -> None:
    section = _section(_reference("cli.md"), f"### {path}")
    first = " ".join((_COMMANDS[path].help or "").split("\n\n")[0].split())

    assert first
    assert first in section


@pytest.mark.parametrize("path", _COMMANDS)
def test_every_option_of_a_command_is_documented(path: str) -> None:
    section = _section(_reference("cli.md"), f"### {path}")
    options = [option for option in _COMMANDS[path].params if isinstance(option, click.Option)]

    missing = [name for option in options for name in option.opts if not re.search(rf"`{name}\b", section)]
    undescribed = [option.name for option in options if not option.help or option.help not in section]

    assert missing == []
    assert undescribed == []


def test_no_command_is_documented_that_is_not_there() -> None:
    headings = re.findall(r"^### (reconciler .*)$", _reference("cli.md"), re.MULTILINE)

    assert sorted(headings) == sorted(_COMMANDS)


def test_every_exit_code_of_a_run_is_documented() -> None:
    codes = {str(code) for code in EXITS.values()}

    assert codes <= _named(_section(_reference("cli.md"), "## Exit codes"))


def test_every_environment_variable_is_documented() -> None:
    assert {name for name in _named(_reference("settings.md")) if name.startswith("RECONCILER_")} == set(_KNOWN)


def test_every_limit_is_documented_with_its_default() -> None:
    rows = re.findall(r"^\| `([a-z_]+)` \| ([\d.]+) \|", _reference("settings.md"), re.MULTILINE)
    documented = {name: float(default) for name, default in rows}

    assert documented == {name: float(default) for name, default in dataclasses.asdict(Limits()).items()}


def test_every_code_of_the_catalogue_is_explained_with_who_acts() -> None:
    explained = re.findall(r"^- `([a-z_]+)` \(([a-z_]+)\): ", _reference("errors.md"), re.MULTILINE)

    assert explained == [(code, entry.who) for code, entry in CATALOGUE.items()]


def test_every_table_of_the_ledger_is_listed_and_no_other() -> None:
    texts = [migration.text for migration in schema.migrations()]
    texts += [file.read_text(encoding="utf-8") for file in (statements.folder() / "ledger").glob("schema_*.sql")]
    tables = {name for text in texts for name in re.findall(r"CREATE TABLE (?:IF NOT EXISTS )?reconciler\.(\w+)", text)}
    tables -= {name for text in texts for name in re.findall(r"DROP TABLE reconciler\.(\w+)", text)}

    assert _named(_reference("tables.md")) - {"table", "---"} == tables


def test_the_glossary_has_the_words_and_the_reasons() -> None:
    explained = _named(_reference("glossary.md"))

    assert set(_WORDS) <= explained
    assert {reason.value for reason in domain.Reason} <= explained


def test_the_report_is_documented_field_by_field() -> None:
    explained = {name.split(".")[0] for name in _named(_reference("report.md"))}
    source = Path(report.__file__).read_text(encoding="utf-8")
    body = source[source.index('"schema_version": ') : source.index('"version": self.version')]
    fields = set(re.findall(r'^ {12}"(\w+)":', body, re.MULTILINE)) | {"schema_version", "version"}

    assert fields <= explained
    assert {state.value for state in domain.State} <= explained
    assert {bucket.value for bucket in domain.Bucket} <= explained


def test_every_fault_is_explained_and_shown_by_tests_that_are_there() -> None:
    text = (_ROOT / "docs" / "explanation" / "faults.md").read_text(encoding="utf-8")
    parts = re.split(r"^\*\*(\d+)\. ", text, flags=re.MULTILINE)
    shown = {int(number): _tests_named(part) for number, part in zip(parts[1::2], parts[2::2], strict=True)}

    assert list(shown) == list(range(1, _FAULTS + 1))
    assert [number for number, tests in shown.items() if not tests] == []
    assert [test for tests in shown.values() for test in tests if not _is_there(*test)] == []


@pytest.mark.parametrize("document", _DOCUMENTS, ids=str)
def test_every_link_within_the_documents_leads_somewhere(document: Path) -> None:
    text = (_ROOT / document).read_text(encoding="utf-8")

    lost = []
    for link in _LINK.findall(text):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (_ROOT / document).parent / path if path else _ROOT / document
        if not target.exists() or (anchor and anchor not in _anchors(target)):
            lost.append(link)

    assert lost == []


@pytest.mark.parametrize("document", _DOCUMENTS, ids=str)
def test_every_command_that_a_document_says_is_there_with_its_options(document: Path) -> None:
    text = (_ROOT / document).read_text(encoding="utf-8")
    said = re.findall(r"(?:^|`|\$ )(?:uv run )?(reconciler (?!contract suite)[a-z][^`\n#|;]*)", text, re.MULTILINE)
    for words in [line.split() for line in said]:
        paths = [path for path in _COMMANDS if words[: len(path.split())] == path.split()]
        is_group = any(path.split()[: len(words)] == words for path in _COMMANDS)
        assert paths or is_group, (document, words)
        known = {option for path in paths for each in _COMMANDS[path].params for option in each.opts} | {"--help"}
        assert {word.split("=")[0] for word in words if re.fullmatch(r"--[a-z-]+(=.*)?", word)} <= known, words
    targets = set(re.findall(r"^([a-z]+):", (_ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"(?:^|`)make ([a-z]+)(?=`|$)", text, re.MULTILINE)) <= targets


@pytest.mark.parametrize("document", [file for file in _DOCUMENTS if file.name != "README.md"], ids=str)
def test_no_line_of_a_document_is_longer_than_a_screen(document: Path) -> None:
    lines = (_ROOT / document).read_text(encoding="utf-8").splitlines()

    assert [number for number, line in enumerate(lines, 1) if len(line) > _LONGEST_LINE] == []


def test_no_file_names_a_folder_of_the_machine_on_which_it_was_written() -> None:
    named = []
    for file in _files():
        if file in _MAY_LOOK_BESIDE:
            continue
        text = (_ROOT / file).read_bytes().decode("utf-8", "replace")
        named += [str(file)] if _FOREIGN.search(text) else []

    assert named == []
