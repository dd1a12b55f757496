"""The statements that the CRM gets. The admin's own goes along as it is, as a subselect.

Only its parameter `workspace` is bound, always as `$1`. What is asked by the extended protocol is one statement only.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, assert_never

from reconciler.window import Times, Versions

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from reconciler.window import Since

#: What is longer than any field can be is cut on the server, so that a 10 MB value never travels.
_MOST_CHARACTERS: Final = 1000
_MOST_BYTES: Final = 4 * _MOST_CHARACTERS
#: Mentions the parameter for a statement that does not, so that it has a type; the planner takes it away.
_ALL: Final = "(CAST($1 AS text) IS NULL OR true)"
#: Parts of a statement in which `:workspace` is not the parameter, then the parameter itself.
_TOKENS: Final = re.compile(
    r"""(?P<comment>--[^\r\n]*|/\*(?:/\*.*?\*/|.)*?\*/)
    |(?P<text>\b[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)
    |"(?:[^"]|"")*"|::|:workspace\b""",
    re.DOTALL | re.VERBOSE,
)
_NAME: Final = r'(?:[^\W\d][\w$]*|"(?:[^"]|"")+")'
_AGE_OF_A_VERSION: Final = re.compile(rf"\bage\s*\(\s*(?:{_NAME}\s*\.\s*)?xmin\s*\)", re.IGNORECASE)
_MOMENT: Final = re.compile(r"'\s*(?:now|today|tomorrow|yesterday)\b[^']*'", re.IGNORECASE)
#: What may follow the one statement.
_CLOSING: Final = re.compile(r"[\s;]+\Z")
#: A word, or one sign that is none.
_PARTS: Final = re.compile(rf"{_NAME}|\S")


@dataclass(frozen=True, slots=True)
class Query:
    """A statement for the CRM with its parameters, of which the first is the workspace."""

    text: str
    parameters: Sequence[object]


def names_workspace(statement: str) -> bool:
    """Whether the statement uses its parameter."""
    return any(token[0] == ":workspace" for token in _TOKENS.finditer(statement))


def other_parameter(statement: str) -> str | None:
    """A parameter in the statement that is not the workspace, such as `$2`."""
    bare = _TOKENS.sub(" ", statement)
    found = re.search(r"(?<![\w$])\$\d+", bare)
    return found[0] if found else None


def called(statement: str) -> set[str]:
    """The names of functions in a statement, also of those that PostgreSQL puts the bodies of in their place."""
    bare = _TOKENS.sub(lambda token: token[0] if token[0][0] == '"' else " ", statement)
    # PostgreSQL's own age of a row version is not a function of the CRM's that has this name.
    bare = _AGE_OF_A_VERSION.sub(" ", bare)
    return {_folded(name) for name in re.findall(rf"({_NAME})\s*\(", bare)}


def picks_rows(statement: str) -> bool:
    """Whether it says itself that it takes one row of several."""
    return re.search(r"\bDISTINCT\s+ON\b", _TOKENS.sub(" ", statement), re.IGNORECASE) is not None


def asks_the_time(statement: str) -> bool:
    """Whether a text in it stands for a time that goes on, such as 'today'."""
    return any(token["text"] and _MOMENT.fullmatch(token[0]) for token in _TOKENS.finditer(statement))


def names(statement: str) -> set[tuple[str, str]]:
    """Every name in a statement: alone, with an empty schema, and with what stands before it and a dot."""
    bare = _TOKENS.sub(lambda token: token[0] if token[0][0] == '"' else " ", statement)
    parts = _PARTS.findall(bare)
    found = {("", _folded(part)) for part in parts if re.fullmatch(_NAME, part)}
    behind = zip(parts, parts[1:], parts[2:], strict=False)
    return found | {
        (_folded(before), _folded(name)) for before, dot, name in behind if dot == "." and re.fullmatch(_NAME, name)
    }


def everything(statement: str, column: str = "*") -> str:
    """All columns of all rows, or one, without a parameter but the workspace: to be described or explained."""
    return f"SELECT {column} FROM {_subselect(statement)} WHERE {_ALL}"


def rows(
    statement: str,
    workspace: str,
    columns: Sequence[str],
    *,
    since: Since | None = None,
    on_time: Since | None = None,
    counts_characters: bool = True,
) -> Query:
    """The rows since a moment or a version, or all; with `on_time` a last column says whether that window has them."""
    found = _Conditions(workspace)
    mark = [] if on_time is None else [found.add(on_time)]
    where = f" AND {found.add(since)}" if since is not None else ""
    wanted = ", ".join([*(_expression(name, counts_characters=counts_characters) for name in columns), *mark])
    return Query(f"SELECT {wanted} FROM {_subselect(statement)} WHERE {_ALL}{where}", found.parameters)


def rows_among(
    statement: str,
    workspace: str,
    columns: Sequence[str],
    contact_ids: Sequence[str],
    *,
    counts_characters: bool = True,
) -> Query:
    """The rows of some contacts."""
    wanted = ", ".join(_expression(name, counts_characters=counts_characters) for name in columns)
    text = f"SELECT {wanted} FROM {_subselect(statement)} WHERE {_ALL} AND CAST(contact_id AS text) = ANY ($2)"
    return Query(text, [workspace, list(contact_ids)])


def count(statement: str, workspace: str, since: Since) -> Query:
    """How many rows a window has: what a run without changes costs the CRM."""
    found = _Conditions(workspace)
    text = f"SELECT count(*) FROM {_subselect(statement)} WHERE {_ALL} AND {found.add(since)}"
    return Query(text, found.parameters)


def counts(statement: str, workspace: str, names: Collection[str]) -> Query:
    """How many rows there are, who belongs, who does not, who has opted out, and who lacks an address or an id."""
    belongs = "eligible IS TRUE" if "eligible" in names else "true"
    out = "opted_out IS TRUE" if "opted_out" in names else "false"
    email, contact_id = ("coalesce(trim(CAST(email AS text)), '') = ''", "coalesce(CAST(contact_id AS text), '') = ''")
    conditions = (f"{belongs} AND NOT ({out}) AND NOT {email}", f"NOT ({belongs})", out, email, contact_id)
    filtered = ", ".join(f"count(*) FILTER (WHERE {condition})" for condition in conditions)
    return Query(f"SELECT count(*), {filtered} FROM {_subselect(statement)} WHERE {_ALL}", [workspace])


def doubled(statement: str, workspace: str) -> Query:
    """Some contact ids that are there more than once."""
    found = f"SELECT CAST(contact_id AS text) FROM {_subselect(statement)} WHERE {_ALL} AND contact_id IS NOT NULL"
    return Query(f"{found} GROUP BY 1 HAVING count(*) > 1 ORDER BY 1 LIMIT 3", [workspace])


class _Conditions:
    """Conditions with their parameters, numbered as they come."""

    def __init__(self, workspace: str) -> None:
        self.parameters: list[object] = [workspace]

    def add(self, since: Since) -> str:
        match since:
            case Versions():
                # Both ages count from the same next transaction. Never a difference of xid8 numbers: age() counts from
                # another end. An age that is missing or negative (a joined row of 2^31 transactions ago, which least()
                # prefers to a fresh one) says nothing: it is read every time.
                return f"(coalesce(row_age, 0) <= (SELECT age(CAST({self._mark(since.low)} AS xid))))"
            case Times(moment):
                # A time that is missing, infinite or beyond the calendar says nothing: it is read every time.
                return (
                    f"(changed_at IS NULL OR changed_at >= {self._mark(moment)} OR NOT isfinite(changed_at)"
                    " OR changed_at < CAST('0001-01-01 00:00:00+00' AS timestamptz))"
                )
            case _:
                assert_never(since)

    def _mark(self, value: object) -> str:
        self.parameters.append(value)
        return f"${len(self.parameters)}"


@functools.lru_cache(maxsize=64)
def _subselect(statement: str) -> str:
    # What stands before its end stays, so that PostgreSQL counts its lines as the file has them.
    ended = _CLOSING.sub("", _TOKENS.sub(lambda token: _blank(token) if token["comment"] else token[0], statement))
    kept = statement[: len(ended)]
    numbered = _TOKENS.sub(lambda token: "CAST($1 AS text)" if token[0] == ":workspace" else token[0], kept)
    return f"({numbered}\n) AS crm"


def _blank(token: re.Match[str]) -> str:
    return " " * len(token[0])


def _folded(name: str) -> str:
    """A name as the catalogue has it."""
    if name[0] == '"':
        return name[1:-1].replace('""', '"')
    # As PostgreSQL does it: letters beyond ASCII stay as they are.
    return "".join(letter.lower() if letter.isascii() else letter for letter in name)


def _expression(name: str, *, counts_characters: bool) -> str:
    """A column as text. Without an encoding the database counts bytes, not characters."""
    column = '"' + name.replace('"', '""') + '"'
    if name in ("eligible", "opted_out"):
        return column
    value = f"CAST({column} AS text)"
    if counts_characters:
        return f"left({value}, {_MOST_CHARACTERS})"
    # It would cut a character in two, and what is left of it is no text.
    return f"CASE WHEN octet_length({value}) < {_MOST_BYTES} THEN {value} ELSE repeat('?', {_MOST_CHARACTERS}) END"
