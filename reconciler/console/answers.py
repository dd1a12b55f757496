"""What a page's function gives: a page, another address, or a file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Page:
    """A template with what it shows; at the same address with `.json`, what it shows as JSON."""

    template: str
    title: str
    #: JSON, and nothing that is not shown: both forms say the same.
    content: Mapping[str, Any] | Sequence[Any]
    status: int = 200
    #: What only the form of the page needs, such as what was typed, and never a secret.
    form: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Another address of the console, or of Constant Contact's sign-in, to go on at."""

    to: str


@dataclass(frozen=True, slots=True)
class Download:
    """A file to be saved."""

    name: str
    media_type: str
    parts: Iterator[str]


Answer = Page | Elsewhere | Download
