"""A page of text with colours, made with rich: the same words, line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.text import Text

from reconciler.page import STATES

if TYPE_CHECKING:
    from typing import TextIO

_FINE: Final = ("nothing_to_do", "observed", "completed")
_STOPPED: Final = ("held", "disconnected", "quota", "failed", "cancelled", "abandoned")
_LABELS: Final = "Contacts|Members|CRM|List|Window|Changes|Drift|Problems|Contacts to look at|Cost|Imports|Origin"


def coloured(text: str, stream: TextIO) -> str:
    """A page as the terminal behind this stream shows it best: with colours, where it has some and nobody forbids them.

    `NO_COLOR` and `TERM=dumb` are heeded. Nothing is wrapped or left out: without its colours it is the page as it was.
    """
    page = Text(text)
    head = text.partition("\n")[0]
    page.stylize("bold", 0, len(head))
    for style, states in (("green", _FINE), ("red", _STOPPED), ("yellow", ("completed_with_problems",))):
        words = "|".join(STATES[state] for state in states)
        page.highlight_regex(rf"\ARun \d+ of \S+ - (?P<{style}>(?:{words})\.)", style_prefix="")
    page.highlight_regex(rf"(?m)^(?P<bold>{_LABELS})(?=\s|$)", style_prefix="")
    page.highlight_regex(r"DOES\s+NOT\s+MEET", "bold red")
    page.highlight_regex(r"New since the\s+last run", "yellow")
    page.highlight_regex(r"(?m)(?P<cyan>\w+): \".*?\"(?P<dim> -> )", style_prefix="")
    console = Console(file=stream, highlight=False, markup=False, emoji=False)
    with console.capture() as shown:
        console.print(page, soft_wrap=True, end="")
    return shown.get()
