"""The command that forgets one person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from reconciler.cli.shared import actor, is_terminal, process, ready_ledger

if TYPE_CHECKING:
    from reconciler.forget import Erased

_WORDS: Final = {
    "contacts": ("contact", ""),
    "members": ("member", ""),
    "rows": ("row", " of runs"),
    "changes": ("planned change", ""),
    "sent": ("sent change", ""),
    "rejects": ("reject", ""),
}


@click.command()
@click.argument("email")
@click.option("--wait", default=60.0, metavar="SECONDS", help="Wait so long for runs that go on.")
def forget(email: str, *, wait: float) -> None:
    """Erase one person from the ledger, in all connections, and keep them off from then on. For good.

    Example: reconciler forget ada@example.com
    """
    from reconciler import forget as forgetting
    from reconciler.ledger.leases import Patience

    here = process()
    ledger = ready_ledger(here)
    vault = here.vault()
    if is_terminal():
        click.confirm("Forget this person for good? It can't be taken back", abort=True, err=True)
    click.echo(_told(forgetting.forget(ledger, vault.keyed_hash, email, actor(), Patience(wait))), err=True)


def _told(erased: Erased) -> str:
    """What was erased, and what was not."""
    from reconciler.page import number

    found = {kind: count for kind, count in erased.rows.items() if count}
    what = [number(found[kind], noun) + rest for kind, (noun, rest) in _WORDS.items() if kind in found]
    where = ", ".join(erased.connections)
    lines = [
        f"Erased in {where}: {', '.join(what) or 'nothing but traces'}."
        if erased.connections
        else "Nothing of this person is in the ledger.",
        "Keyed hashes keep them off from now on, whatever the CRM says of them.",
    ]
    if erased.still_on_list:
        lines.append(
            f"They are still on the list of {', '.join(erased.still_on_list)}: nobody is removed by the reconciler.\n"
            "Delete them in Constant Contact, and in the CRM."
        )
    return "\n".join(lines)


COMMANDS: Final = (forget,)
