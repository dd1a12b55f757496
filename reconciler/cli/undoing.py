"""Writing down what takes a run back by hand: `report RUN_ID --undo FILE`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.shared import private_file
from reconciler.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.ledger.database import Ledger, Row
    from reconciler.undo import Undo

_RECIPE = "docs/howto/undo-a-run.md has the recipe."


def write_undo(ledger: Ledger, run: Row, file: str) -> None:
    """Write three files: what an import puts back, and beside it whom the run added, and all fields that it changed.

    A run that changed nothing writes none. Raises UsageError for one whose rows have expired.
    """
    from reconciler.ledger import runs

    must_have_rows(run)
    with ledger.transaction() as tx:
        undo = runs.undo(tx, run.run_id)
    if undo.done:
        _write(undo, file)
    _tell(run, undo, file)


def must_have_rows(run: Row) -> None:
    """Raises UsageError for a run whose rows have expired."""
    if run.purged_at is not None:
        raise UsageError(
            f"what run {run.run_id} changed is no longer known: its rows were deleted on {run.purged_at:%Y-%m-%d}",
            advice="rows are kept for `rows_kept_days`, 30 unless `reconciler set` says otherwise",
        )


def _write(undo: Undo, file: str) -> None:
    from reconciler import spreadsheet
    from reconciler.undo import FIELDS_HEADER

    # All three each time: what an earlier run left beside this file would be taken for this one's.
    with private_file(file) as by_import, private_file(_beside(file, "added")) as added:
        spreadsheet.write(by_import, *undo.import_table())
        spreadsheet.write_lines(added, undo.added)
    with private_file(_beside(file, "fields")) as changed:
        spreadsheet.write(changed, FIELDS_HEADER, undo.fields_table())


def _beside(file: str, what: str) -> str:
    path = Path(file)
    return str(path.with_name(f"{path.stem}-{what}{path.suffix}"))


def _tell(run: Row, undo: Undo, file: str) -> None:
    for line in (*(_what_is_where(run, undo, file) if undo.done else [_nothing(run)]), *_what_is_not_there(run)):
        click.echo(line, err=True)


def _nothing(run: Row) -> str:
    return f"Run {run.run_id} added nobody and changed nothing: there is nothing to undo, and no file was written."


def _what_is_where(run: Row, undo: Undo, file: str) -> Sequence[str]:
    from reconciler.page import number

    people = {each.contact_id for each in undo.changed}
    changed = f"{number(len(undo.changed), 'field')} of {number(len(people), 'contact')}"
    return (
        f"Run {run.run_id} added {number(len(undo.added), 'contact')} to the list: {_beside(file, 'added')}.",
        f"It changed {changed}: {_beside(file, 'fields')}.",
        f"An import puts back {len(undo.put_back):,} of them ({file}); the column by_import says why not the others.",
        f"For the CRM are {len(undo.for_crm):,} of them; the column for_crm says why not the others.",
        *_what_moved(undo),
        f"Nothing was changed by this. {_RECIPE}",
    )


def _what_moved(undo: Undo) -> Sequence[str]:
    from reconciler.page import number

    people = {each.contact_id for each in undo.moved}
    values, whose = number(len(undo.moved), "value"), number(len(people), "contact")
    told = f"{values} of {whose} whose address moved to another member: not for the CRM, put these back by hand."
    return [told] if people else []


def _what_is_not_there(run: Row) -> Sequence[str]:
    from reconciler.page import number

    in_doubt = run.report["counts"]["in_doubt"]
    told = f"In doubt when it ended: {number(in_doubt, 'contact')}. A later run has found out: undo that one too."
    return [told] if in_doubt else []
