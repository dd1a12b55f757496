"""The settings of a connection: its interval, its guards, and what becomes of blank and drifted fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from reconciler import limits as limits_of
from reconciler import policies, tuning
from reconciler.console import given
from reconciler.console.access import Role
from reconciler.console.actions import address
from reconciler.console.answers import Elsewhere, Page
from reconciler.console.once import once
from reconciler.console.routes import Route
from reconciler.errors import UsageError
from reconciler.page import capital

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.console.answers import Answer
    from reconciler.console.desk import Visit

#: What can be changed here: its label, and what it means.
_FIGURES: Final[Mapping[str, tuple[str, str]]] = {
    "interval_seconds": ("Seconds between two runs", "At least so long; 0: as often as the scheduler ticks."),
    "guard_added_percent": ("Most additions in 24 hours, in percent of the list", "Beyond this, somebody is asked."),
    "guard_updated_percent": ("Most updates in 24 hours, in percent of the list", "Beyond this, somebody is asked."),
    "guard_least": ("Never asked below so many", "So that a short list does not ask for every few contacts."),
    "guard_field_percent": (
        "Most changes of one field, in percent of the list",
        "Where one field changes in over half of the updates, and beyond this, somebody is asked.",
    ),
    "contact_limit": ("Most active contacts of the account", "A plan that would make more asks; 0: any number."),
}
_CHOICES: Final = ("clear", "overwrite")
_MEANWHILE: Final = "Somebody has changed this meanwhile: it is {} now."
#: Not told of here: how the program works inside is nothing to be chosen in a browser.
_INSIDE: Final = ("window", "mirror_fresh_seconds")


def ask(visit: Visit) -> Answer:
    return _page(visit, _now(visit), {})


def change(visit: Visit) -> Answer:
    connection, name = visit.connection, visit.connection.name
    wanted, now = _wanted(visit), _now(visit)
    # Compared with what the form was shown with: what somebody else has changed meanwhile is not undone.
    shown = {key: visit.form.get(f"was:{key}", text) for key, text in now.items()}
    changed = {key: text for key, text in wanted.items() if text != shown[key]}
    meanwhile = {key: _MEANWHILE.format(now[key] or "none") for key in changed if now[key] != shown[key]}
    if faults := {**_faults(visit, changed), **meanwhile}:
        return _page(visit, wanted, faults)
    if not changed:
        return Elsewhere(address(name))

    def act() -> str:
        tuning.tune(
            visit.ledger,
            connection,
            changed,
            visit.actor,
            lambda tried: visit.desk.here.look_again(connection, tried),
        )
        return address(name)

    try:
        return once(visit, address(name), act)
    except UsageError as error:
        return _page(visit, wanted, {"form": given.words(error)})


def _wanted(visit: Visit) -> dict[str, str]:
    """What the form says, as `set` is given it; fields have a box each."""
    form = visit.form
    boxes = {key: ",".join(name for name in visit.connection.fields if form.get(f"{key}:{name}")) for key in _CHOICES}
    figures = {key: form.get(key, "").strip() for key in _FIGURES}
    return {**figures, **boxes, "create_singly": "yes" if form.get("create_singly") else "no"}


def _now(visit: Visit) -> dict[str, str]:
    """What holds now, as `set` is given it."""
    connection = visit.connection
    shown = policies.shown(connection.policy)
    fields = {key: ",".join(name for name in connection.fields if name in shown[key].split(",")) for key in _CHOICES}
    figures = {key: f"{getattr(connection.limits, key):.15g}" for key in _FIGURES}
    return {**figures, **fields, "create_singly": shown["create_singly"]}


def _faults(visit: Visit, changed: Mapping[str, str]) -> dict[str, str]:
    """By field, what is wrong with it."""
    found = {}
    for key, text in changed.items():
        try:
            policies.parse({key: text}, visit.connection.fields)
            limits_of.parse({key: text} if key in _FIGURES else {})
        except UsageError as error:
            found[key] = f"{capital(str(error).removeprefix(f'{key} '))}."
    return found


def _page(visit: Visit, values: Mapping[str, str], faults: Mapping[str, str]) -> Page:
    connection, now = visit.connection, _now(visit)
    figures = [{"name": key, "label": label, "hint": hint, "now": now[key]} for key, (label, hint) in _FIGURES.items()]
    content: dict[str, Any] = {
        "connection": connection.name,
        "figures": figures,
        "fields": sorted(connection.fields),
        "clear": [name for name in now["clear"].split(",") if name],
        "overwrite": [name for name in now["overwrite"].split(",") if name],
        "create_singly": now["create_singly"],
        "others": _others(visit),
    }
    told = {**dict.fromkeys((*_FIGURES, *_CHOICES, "create_singly", "form"), ""), **faults}
    typed = {**values, **{key: values[key].split(",") for key in _CHOICES}}
    form = {"faults": told, "is_wrong": bool(faults), "typed": typed, "was": now}
    return Page("settings.html", "Settings", content, 400 if faults else 200, form)


def _others(visit: Visit) -> list[dict[str, str]]:
    """The settings that are changed at the command line."""
    pace = visit.desk.here.pace(visit.connection)
    every = tuning.tuned(visit.connection, *pace)
    here = (*_FIGURES, *policies.NAMES, *_INSIDE)
    return [{"name": key, "value": f"{value}"} for key, value in every.items() if key not in here]


ROUTES: Final = (
    Route("GET", "/connections/{name}/settings", Role.ADMIN, ask, is_sensitive=True),
    Route("POST", "/connections/{name}/settings", Role.ADMIN, change, is_sensitive=True),
)
