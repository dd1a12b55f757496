"""The page that asks once, and says what will happen, before something is done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reconciler.console.answers import Page

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody is asked, and the button that says yes."""

    title: str
    #: What will happen, in sentences.
    will: Sequence[str]
    button: str
    #: The address that the button posts to, and the one to go back to.
    to: str
    back: str
    #: The look of the button: `primary` or `danger`.
    kind: str = "primary"
    #: What goes along with the answer, by name; no secret and no address.
    along: Mapping[str, str] | None = None

    def to_json(self) -> dict[str, Any]:
        return {"title": self.title, "will": list(self.will), "button": self.button, "to": self.to, "back": self.back}


def page(asked: Question, connection: str, **more: Any) -> Page:
    """The question as a page; `more` is shown above the button by the template `ask.html`, and is in its JSON."""
    content = {"connection": connection, "question": asked.to_json(), **more}
    return Page("ask.html", asked.title, content, form={"kind": asked.kind, "along": asked.along or {}})
