"""What every refusal has in common: a sentence and advice on stderr, an exit code, nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.installation import Installation, Said


def assert_refused(said: Said, code: int, *words: str) -> None:
    """The command ended with this code, said these words on stderr, put no data on stdout and showed no traceback."""
    assert said.code == code, said.err
    assert said.out == ""
    assert said.err.startswith("reconciler: ")
    assert "Traceback" not in said.err
    assert "mistake in the reconciler" not in said.err
    for word in words:
        assert word in said.err, said.err


def stored(installation: Installation) -> int:
    """How many connections and accounts the ledger holds."""
    found = installation.sql(
        "SELECT (SELECT count(*) FROM reconciler.connections) + (SELECT count(*) FROM reconciler.accounts)"
    )
    return int(found[0][0])
