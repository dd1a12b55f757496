"""Programs of other versions than this one, as processes of their own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from reconciler.ledger import schema

if TYPE_CHECKING:
    from collections.abc import Mapping

_ROOT: Final = Path(__file__).resolve().parents[1]
_PARTS: Final = ("reconciler", "sql")
#: A program that has this statement lets newer ones go on beside it.
_RULE: Final = "sql/ledger/schema_taken_away.sql"


@dataclass(frozen=True)
class Version:
    """One version of the program, in a folder."""

    folder: Path

    def start(self, *words: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", "from reconciler.cli import main; main()", *words]
        environment = os.environ | {"PYTHONPATH": str(self.folder)}
        return subprocess.Popen(  # noqa: S603 - the program itself
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def say(self, *words: str) -> tuple[int, str, str]:
        """Exit code, output and errors of a command."""
        return ended(self.start(*words))

    @property
    def migrations(self) -> Path:
        return self.folder / "sql" / "schema"

    @property
    def place(self) -> str:
        """The folder that its modules come from."""
        command = [sys.executable, "-c", "import reconciler; print(reconciler.__file__)"]
        environment = os.environ | {"PYTHONPATH": str(self.folder)}
        said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)  # noqa: S603 - ours
        return str(Path(said.stdout.strip()).parents[1])


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def report(said: tuple[int, str, str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(said[1])
    return found


def older(folder: Path) -> Version:
    """The program as it was before its newest migration; as it is now where that was before the rule, or isn't kept."""
    newest = f"sql/schema/{schema.migrations()[-1].name}.sql"
    if not (commit := _git("log", "-1", "--diff-filter=A", "--format=%H", "--", newest)) or not _git(
        "ls-tree", "--name-only", f"{commit}~1", _RULE
    ):
        return newer(folder, {})
    _git("archive", f"--output={folder}.tar", f"{commit}~1", *_PARTS)
    with tarfile.open(f"{folder}.tar") as archive:
        archive.extractall(folder, filter="data")
    return Version(folder)


def newer(folder: Path, migrations: Mapping[str, str]) -> Version:
    """The program as it is now, with migrations that are still to come."""
    for part in _PARTS:
        shutil.copytree(_ROOT / part, folder / part)
    for name, text in migrations.items():
        (Version(folder).migrations / f"{name}.sql").write_text(text, encoding="utf-8")
    return Version(folder)


def _git(*words: str) -> str:
    """What git says; nothing where there is no git, or no history."""
    try:
        said = subprocess.run(["git", *words], cwd=_ROOT, capture_output=True, text=True, check=True)  # noqa: S603, S607 - whichever git there is
    except (OSError, subprocess.CalledProcessError):
        return ""
    return said.stdout.strip()
