"""Fault 59: however many contacts both sides have, a full comparison takes the same memory."""

from __future__ import annotations

import contextlib
import itertools
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.installation import Installation

pytestmark = pytest.mark.http
MEGABYTE = 1_000_000
PORTION = 10_000
#: What a contact takes where both sides are held: 2.3 GB for a million of them.
HELD_BYTES = 2_300
#: The program, once for each line that it is told; and then the most memory that the process has had until now.
PROGRAM = """
import re, sys
from reconciler.cli import main
for _ in sys.stdin:
    try:
        main()
    except SystemExit as ended:
        assert not ended.code
    with open("/proc/self/status") as status:
        print("most", re.search(r"VmHWM:\\s+(\\d+) kB", status.read())[1], file=sys.stderr, flush=True)
"""


@contextlib.contextmanager
def comparing(installation: Installation) -> Iterator[subprocess.Popen[str]]:
    """A process that compares both sides in full whenever it is told to."""
    words = [sys.executable, "-c", PROGRAM, "plan", "acme", "--full"]
    streams: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    with subprocess.Popen(words, cwd=installation.folder, env=dict(os.environ), text=True, **streams) as process:  # noqa: S603 - the program itself
        yield process


def most_memory(process: subprocess.Popen[str]) -> int:
    """Compare once more; says the most bytes that the process has had at once."""
    assert process.stdin is not None
    assert process.stderr is not None
    process.stdin.write("again\n")
    process.stdin.flush()
    said = itertools.dropwhile(lambda line: not line.startswith("most "), process.stderr)
    return int(next(said).split()[1]) * 1024


def grow(installation: Installation, first: int, last: int) -> None:
    """Both sides have all of these; and Constant Contact has other names."""
    installation.sql(
        "INSERT INTO contacts (workspace, email, first_name, last_name, company, city)"
        " SELECT 'acme', 'p' || n || '@example.com', 'First' || n, 'Last' || n, 'Company' || n, 'City' || n"
        " FROM generate_series(CAST(%s AS int), %s) AS n",
        first,
        last,
    )
    there = ({"email": f"p{n}@example.com", "fields": {"first_name": f"Other{n}"}} for n in range(first, last + 1))
    while people := list(itertools.islice(there, PORTION)):
        installation.api.door.contact(action="bulk_create", list_id=installation.api.list_id, contacts=people)


@pytest.mark.parametrize(
    ("few", "many"),
    [
        (500, 5_000),
        pytest.param(100_000, 1_000_000, marks=[pytest.mark.soak, pytest.mark.timeout(3600)]),
    ],
)
def test_ten_times_as_many_contacts_take_hardly_more_memory(installation: Installation, few: int, many: int) -> None:
    grow(installation, 1, few)
    assert installation.connect().code == 0
    assert installation.say("set", "acme", "slice_contacts=500").code == 0
    with comparing(installation) as process:
        before = most_memory(process)
        grow(installation, few + 1, many)
        after = most_memory(process)

    counted = installation.sql(
        "SELECT (SELECT count(*) FROM reconciler.contacts), (SELECT count(*) FROM reconciler.members)"
    )
    assert counted == [(many, many)]
    assert after - before < max(8 * MEGABYTE, (many - few) * HELD_BYTES / 20)
