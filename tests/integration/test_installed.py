"""What is installed: the SQL files are found from a wheel as anybody, and from a checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from reconciler import statements

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT: Final = Path(__file__).resolve().parents[2]
SQL: Final = {path.relative_to(ROOT / "sql").as_posix() for path in (ROOT / "sql").rglob("*.sql")}
#: Somebody who owns nothing.
NOBODY: Final = 65534
FIND: Final = """
import os, sys
sys.path.insert(0, sys.argv[1])
from reconciler import statements
print(os.getuid())
print(statements.folder())
for path in sorted(statements.folder().rglob("*.sql")):
    path.read_text(encoding="utf-8")
    print(path.relative_to(statements.folder()).as_posix())
"""

#: As if the extra `demo` were not installed.
PLAIN: Final = """
import sys
sys.modules["faker"] = None
sys.argv[1:] = ["demo"]
from reconciler import cli
cli.main()
"""


@pytest.fixture(scope="module")
def wheel() -> Iterator[Path]:
    """A wheel of this checkout, in a folder that everybody may read."""
    folder = Path(tempfile.mkdtemp(prefix="reconciler-wheel-"))
    folder.chmod(0o755)
    try:
        build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
        done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)  # noqa: S603 - words of ours
        assert done.returncode == 0, done.stderr
        [built] = folder.glob("*.whl")
        yield built
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def unpacked(wheel: Path) -> Path:
    """Its files, as an installation has them."""
    folder = wheel.parent / "site-packages"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return folder


def as_anybody() -> Sequence[str]:
    """A bare Python without any right or package; skips where there is none."""
    if os.getuid() != 0:
        return (sys.executable, "-I", "-S")
    setpriv = shutil.which("setpriv")
    pythons = ["/usr/bin/python3", *(shutil.which(f"python3.{minor}") or "" for minor in (11, 12, 13)), sys.executable]
    for python in filter(None, pythons):
        words = (str(setpriv), f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", python, "-I", "-S")
        check = (*words, "-c", "import sys; sys.exit(sys.version_info < (3, 11))")
        if setpriv and subprocess.run(check, cwd="/", capture_output=True, timeout=30, check=False).returncode == 0:  # noqa: S603 - words of ours
            return words
    pytest.skip(
        "NOT TESTED: whether an unprivileged user finds the SQL files of an installed wheel."
        " The tests run as root, and there is no setpriv, or no Python 3.11 or newer that others may read"
    )


def test_an_unprivileged_user_finds_every_sql_file_of_a_wheel(unpacked: Path) -> None:
    words = (*as_anybody(), "-c", FIND, str(unpacked))

    done = subprocess.run(words, cwd="/", capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - words of ours

    assert done.returncode == 0, done.stderr
    who, folder, *found = done.stdout.splitlines()
    assert int(who) == (os.getuid() or NOBODY)
    assert Path(folder) == unpacked / "reconciler" / "_sql"
    assert set(found) == SQL


def test_the_wheel_has_the_program_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "reconciler").rglob("*.py")}

    templates = {path.relative_to(ROOT).as_posix() for path in (ROOT / "reconciler/rendering/templates").iterdir()}

    assert modules | templates | {"reconciler/py.typed", "reconciler/demo/sage.sql"} <= set(names)
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"reconciler", "sage_reconciler"}
    assert [name for name in names if name.endswith("/licenses/LICENSE")]
    assert not [name for name in names if name.endswith(".pyc")]


def test_they_are_found_from_a_checkout() -> None:
    assert statements.folder() == ROOT / "sql"
    assert {path.relative_to(statements.folder()).as_posix() for path in statements.folder().rglob("*.sql")} == SQL


def test_a_wrong_name_is_answered_with_those_there_are() -> None:
    with pytest.raises(LookupError, match=r"no statement 'ledger/clok'; there are: .*clock"):
        statements.read("ledger/clok")


def test_the_demo_without_its_packages_says_what_to_install() -> None:
    done = subprocess.run([sys.executable, "-c", PLAIN], capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - words of ours

    assert (done.returncode, done.stdout) == (2, "")
    assert 'pip install "sage-reconciler[demo]"' in done.stderr
