"""Who may do what, in which workspace. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

#: In place of a workspace: every one.
EVERYWHERE: Final = "*"


class Role(IntEnum):
    """What somebody may do; each role may do what the ones before it may."""

    VIEWER = 1
    OPERATOR = 2
    ADMIN = 3

    @property
    def word(self) -> str:
        return self.name.lower()

    @classmethod
    def of(cls, word: object) -> Self | None:
        """The role with this name, or None."""
        return next((role for role in cls if role.word == word), None)


@dataclass(frozen=True, slots=True)
class Grants:
    """Somebody's role by workspace."""

    roles: Mapping[str, Role]

    @classmethod
    def of(cls, words: Mapping[str, object]) -> Self:
        """Read workspace to role's name; what names no role grants nothing."""
        found = {workspace: Role.of(word) for workspace, word in words.items()}
        return cls({workspace: role for workspace, role in found.items() if role is not None})

    def role_in(self, workspace: str) -> Role | None:
        """The role in a workspace; None: it does not exist for them."""
        found = [self.roles[each] for each in (workspace, EVERYWHERE) if each in self.roles]
        return max(found, default=None)

    @property
    def highest(self) -> Role | None:
        return max(self.roles.values(), default=None)

    def workspaces(self, least: Role = Role.VIEWER) -> Sequence[str] | None:
        """The workspaces in which they have at least this role; None: every one."""
        if self.roles.get(EVERYWHERE, 0) >= least:
            return None
        return sorted(each for each, role in self.roles.items() if role >= least and each != EVERYWHERE)

    def to_json(self) -> dict[str, str]:
        return {workspace: role.word for workspace, role in sorted(self.roles.items())}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is signed in."""

    subject: str
    grants: Grants
    #: When they last proved who they are; the ledger's clock.
    authenticated_at: dt.datetime
    #: `link` or `proxy`.
    method: str

    @property
    def actor(self) -> str:
        """Who they are, for the audit and for reports."""
        return f"console:{self.subject}"

    def is_fresh(self, now: dt.datetime, seconds: float) -> bool:
        """Whether they have proved who they are within so many seconds."""
        return (now - self.authenticated_at).total_seconds() <= seconds
