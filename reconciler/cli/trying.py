"""Commands to try it out: the demo, and a Constant Contact of our own."""

from __future__ import annotations

import importlib.util
from typing import Final

import click


@click.command()
@click.option(
    "--contacts", default=2000, show_default=True, type=click.IntRange(50, 100_000), help="How many contacts."
)
@click.option("--keep", is_flag=True, help="Keep the database and the simulator running until Ctrl-C.")
@click.option("--console", is_flag=True, help="Keep them too, and serve the console over them.")
@click.pass_context
def demo(context: click.Context, *, contacts: int, keep: bool, console: bool) -> None:
    """Tell the whole story on an embedded PostgreSQL and a simulated Constant Contact.

    Its nightmares, and the script that people usually write, are counted by Constant Contact's own history. Exits 0
    only if both sides agree at the end, contact by contact, and nobody who had left was put back.

    Example: reconciler demo
    """
    from reconciler.errors import UsageError

    if importlib.util.find_spec("faker") is None:
        raise UsageError(
            "the demo's packages are missing", advice='install them: `pip install "sage-reconciler[demo]"`'
        )
    from reconciler.demo.story import tell_story

    context.exit(tell_story(contacts, keep=keep, console=console))


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option(
    "--port",
    default=8400,
    show_default=True,
    type=click.IntRange(0, 65_535),
    help="On which port; 0: any that is free.",
)
@click.option(
    "--contacts",
    default=0,
    show_default=True,
    type=click.IntRange(0, 200_000),
    help="People who are on the list already.",
)
@click.option(
    "--speed", type=click.Choice(["real", "fast"]), default="real", show_default=True, help="Limits and times."
)
@click.option("--seed", default=1, show_default=True, help="The same seed, the same people.")
@click.option("--switch", "switches", multiple=True, metavar="KEY=VALUE", help="Turn a switch; may be repeated.")
def simulator(host: str, port: int, contacts: int, speed: str, seed: int, switches: tuple[str, ...]) -> None:
    """Serve a simulated Constant Contact until stopped; prints its addresses and credentials as one JSON line.

    Example: reconciler simulator --port 8400 --switch phone_format=us_dashes
    """
    from reconciler.errors import UsageError
    from reconciler.simulator import Switches, serve

    try:
        chosen = Switches.read(switches)
    except ValueError as error:
        raise UsageError(
            f"--switch: {error}", advice="write KEY=VALUE as docs/reference/simulator.md lists them"
        ) from None
    serve(host=host, port=port, contacts=contacts, speed=speed, seed=seed, switches=chosen)


COMMANDS: Final = (demo, simulator)
