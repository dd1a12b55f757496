"""One request as the console's own code sees it: words, and no web framework."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Asked:
    """A request. Header names are in lower case."""

    method: str
    path: str
    wants_json: bool
    query: Mapping[str, str]
    form: Mapping[str, str]
    headers: Mapping[str, str]
    cookies: Mapping[str, str]
    #: The network address that it came from.
    place: str
    #: The number of this request in log lines, in the audit, and on the page of an error.
    request_id: str
    #: What the path names.
    names: Mapping[str, str]

    @property
    def has_nul(self) -> bool:
        """Whether some of it is text that no database takes."""
        told = (self.names, self.query, self.form)
        return any("\0" in text for mapping in told for pair in mapping.items() for text in pair)
