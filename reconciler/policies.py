"""What a connection chooses where there is a choice: which fields are cleared, who is created singly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reconciler.domain import Policy
from reconciler.errors import UsageError
from reconciler.fields import BIRTHDAY

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

NAMES: Final = ("clear", "create_singly")
_YES: Final = {"yes": True, "no": False}


def of(settings: Mapping[str, object]) -> Policy:
    """What was chosen for one connection."""
    clear = settings.get("clear", ())
    names = tuple(map(str, clear)) if isinstance(clear, list | tuple) else ()
    return Policy(names, settings.get("create_singly") is True)


def parse(pairs: Mapping[str, str], mapped: Collection[str]) -> dict[str, object]:
    """Read the choices among `KEY=VALUE` settings. Raises UsageError that says what can be chosen."""
    chosen: dict[str, object] = {}
    if "clear" in pairs:
        chosen["clear"] = _fields(pairs["clear"], mapped)
    if "create_singly" in pairs:
        chosen["create_singly"] = _yes_or_no("create_singly", pairs["create_singly"])
    return chosen


def chosen(policy: Policy) -> dict[str, object]:
    """What differs from the defaults: another choice asks for a full comparison."""
    told: dict[str, object] = {"clear": list(policy.clear), "create_singly": policy.create_singly}
    return {name: choice for name, choice in told.items() if choice}


def shown(policy: Policy) -> dict[str, str]:
    """The choices as they are given to `set`."""
    return {"clear": ",".join(policy.clear), "create_singly": "yes" if policy.create_singly else "no"}


def _fields(text: str, mapped: Collection[str]) -> list[str]:
    names = sorted({name.strip() for name in text.split(",") if name.strip()})
    if unknown := [name for name in names if name not in mapped]:
        raise UsageError(
            f"clear names {', '.join(unknown)}, which the CRM statement does not map",
            advice=f"it maps: {', '.join(mapped)}; an empty list clears nothing",
        )
    # A birthday is a month and a day: half of one is refused.
    halves = [name for name in BIRTHDAY if name in mapped and set(names) & set(BIRTHDAY)]
    return sorted({*names, *halves})


def _yes_or_no(key: str, text: str) -> bool:
    if text not in _YES:
        raise UsageError(f"{key} is yes or no, not {text!r}")
    return _YES[text]
