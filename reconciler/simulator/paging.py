"""Query strings and pages.

A cursor is the query string with the number of the next page, in base64, as third parties have seen it: it carries
all filters, the server keeps nothing, and rows shift between pages if the set changes during the walk.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import parse_qsl, urlencode

from reconciler.simulator.answers import invalid

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

LIMIT_DEFAULT: Final = 50

Item = TypeVar("Item")


@dataclass(frozen=True)
class Query:
    """The parameters of a request, or those that its cursor carries."""

    parameters: Mapping[str, str]
    page: int = 1

    def text(self, name: str) -> str | None:
        """Read a parameter."""
        return self.parameters.get(name)

    def texts(self, name: str, allowed: Collection[str], default: str = "") -> tuple[str, ...]:
        """Read a comma-separated parameter; 400 for a value that isn't allowed."""
        values = tuple(filter(None, self.parameters.get(name, default).split(",")))
        wrong = [value for value in values if value not in allowed]
        if wrong:
            raise invalid(f"{name} does not have a valid value: {wrong[0]}")
        return values

    def flag(self, name: str) -> bool:
        """Read a boolean parameter."""
        return self.texts(name, ("true", "false"), "false") == ("true",)

    def limit(self, most: int) -> int:
        """Read the size of a page; 400 beyond what the contract allows."""
        text = self.parameters.get("limit", str(LIMIT_DEFAULT))
        if not text.isdecimal() or not 1 <= int(text) <= most:
            raise invalid(f"limit must be between 1 and {most}.")
        return int(text)

    def cut(self, items: Sequence[Item], path: str, most: int) -> tuple[Sequence[Item], dict[str, object]]:
        """Cut out this page, and say where the next is; on the last page that is {}."""
        limit = self.limit(most)
        end = self.page * limit
        links: dict[str, object] = {}
        if end < len(items):
            cursor = {"limit": str(limit), "next": str(self.page + 1)} | dict(self.parameters)
            links["next"] = {"href": f"{path}?cursor={_encoded(cursor)}"}
        return items[end - limit : end], links


def read_query(text: str, allowed: Collection[str]) -> Query:
    """Read a query string; 400 for a parameter that the contract doesn't declare, or a blank one."""
    parameters = dict(parse_qsl(text, keep_blank_values=True))
    page = 1
    if "cursor" in parameters:
        parameters, page = _decoded(parameters["cursor"])
    for name, value in parameters.items():
        if name not in allowed:
            raise invalid(f"{name} is not a parameter of this method.")
        if not value:
            raise invalid(f"{name} does not have a valid value.")
    return Query(parameters, page)


def _encoded(parameters: Mapping[str, str]) -> str:
    return base64.b64encode(urlencode(parameters).encode()).decode()


def _decoded(cursor: str) -> tuple[dict[str, str], int]:
    try:
        text = base64.b64decode(cursor.replace(" ", "+"), validate=True).decode()
        parameters = dict(parse_qsl(text, strict_parsing=True))
        page = int(parameters.pop("next"))
    except (binascii.Error, ValueError, KeyError):
        raise invalid("cursor does not have a valid value.") from None
    if page < 1:
        raise invalid("cursor does not have a valid value.")
    return parameters, page
