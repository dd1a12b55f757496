"""What a connection chooses where there is a choice: which fields are cleared, who is created singly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reconciler.domain import Policy
from reconciler.errors import UsageError
from reconciler.fields import BIRTHDAY

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

NAMES: Final = ("clear", "overwrite", "create_singly")
_YES: Final = {"yes": True, "no": False}
_NOTHING: Final = {"clear": "clears nothing", "overwrite": "overwrites nothing"}


def of(settings: Mapping[str, object]) -> Policy:
    """What was chosen for one connection."""
    return Policy(_names(settings, "clear"), _names(settings, "overwrite"), settings.get("create_singly") is True)


def _names(settings: Mapping[str, object], key: str) -> tuple[str, ...]:
    stored = settings.get(key, ())
    return tuple(map(str, stored)) if isinstance(stored, list | tuple) else ()


def parse(pairs: Mapping[str, str], mapped: Collection[str]) -> dict[str, object]:
    """Read the choices among `KEY=VALUE` settings. Raises UsageError that says what can be chosen."""
    chosen: dict[str, object] = {}
    chosen |= {key: _fields(key, pairs[key], mapped) for key in ("clear", "overwrite") if key in pairs}
    if "create_singly" in pairs:
        chosen["create_singly"] = _yes_or_no("create_singly", pairs["create_singly"])
    return chosen


def chosen(policy: Policy) -> dict[str, object]:
    """What differs from the defaults: another choice asks for a full comparison."""
    told: dict[str, object] = {
        "clear": list(policy.clear),
        "overwrite": list(policy.overwrite),
        "create_singly": policy.create_singly,
    }
    return {name: choice for name, choice in told.items() if choice}


def shown(policy: Policy) -> dict[str, str]:
    """The choices as they are given to `set`."""
    return {
        "clear": ",".join(policy.clear),
        "overwrite": ",".join(policy.overwrite),
        "create_singly": "yes" if policy.create_singly else "no",
    }


def _fields(key: str, text: str, mapped: Collection[str]) -> list[str]:
    names = sorted({name.strip() for name in text.split(",") if name.strip()})
    if unknown := [name for name in names if name not in mapped]:
        raise UsageError(
            f"{key} names {', '.join(unknown)}, which the CRM statement does not map",
            advice=f"it maps: {', '.join(mapped)}; an empty list {_NOTHING[key]}",
        )
    # A birthday is a month and a day: half of one is refused.
    halves = [name for name in BIRTHDAY if name in mapped and set(names) & set(BIRTHDAY)]
    return sorted({*names, *halves})


def _yes_or_no(key: str, text: str) -> bool:
    if text not in _YES:
        raise UsageError(f"{key} is yes or no, not {text!r}")
    return _YES[text]
