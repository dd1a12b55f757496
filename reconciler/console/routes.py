"""Every address of the console, with who may use it: a page that is not here is nowhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.console.access import Role
    from reconciler.console.answers import Answer
    from reconciler.console.asked import Asked
    from reconciler.console.desk import Desk, Visit


@dataclass(frozen=True, slots=True)
class Route:
    """One address and what answers there.

    `{name}` in the path is a connection, `{run_id}` a run: both are looked up before the handler is called, and are not
    there for whoever has no role in their workspace. A GET changes nothing; with `.json` after its path it has the same
    as JSON, unless `has_json` is False. A POST needs the form token.
    """

    method: str
    path: str
    #: In the workspace of the connection that the path names; where it names none, in any.
    least: Role
    handler: Callable[[Visit], Answer]
    #: Whether they must have proved who they are within the last minutes.
    is_sensitive: bool = False
    has_json: bool = True


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer to somebody whom nobody knows yet, and what becomes of their cookie."""

    answer: Answer
    new_cookie: str | None = None
    drops_cookie: bool = False


@dataclass(frozen=True, slots=True)
class OpenRoute:
    """An address for people who are not signed in: it looks after itself."""

    method: str
    path: str
    handler: Callable[[Desk, Asked], Reply]
