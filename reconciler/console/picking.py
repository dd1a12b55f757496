"""The list of a new connection: picked by its name, or its id or its page's address pasted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from reconciler import checks
from reconciler.connections import Wish
from reconciler.console import admitting, drafts, given
from reconciler.console.access import Role
from reconciler.console.answers import Elsewhere, Page
from reconciler.console.once import once, was_done
from reconciler.console.routes import Route
from reconciler.errors import AccessRefused, ApiError, CrmError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.console.answers import Answer
    from reconciler.console.desk import Visit
    from reconciler.errors import ReconcilerError
    from reconciler.ledger.console_drafts import Draft

_FIELDS: Final = ("form", "statement", "list", "list_id")


def ask(visit: Visit) -> Answer:
    draft = drafts.find(visit, visit.names["draft"])
    return _page(visit, draft, {}) if "lists" in draft.told else Elsewhere("/connect")


def pick(visit: Visit) -> Answer:
    try:
        draft = drafts.find(visit, visit.names["draft"])
    except UsageError as error:
        return was_done(visit, "/integrations", error)
    wanted = visit.form.get("list_id", "").strip() or visit.form.get("list", "")
    if not wanted:
        return _page(visit, draft, {"list": "Choose a list, or paste its id or the address of its page."})

    def act() -> str:
        wish = Wish(draft.connection, workspace=draft.workspace, list_id=wanted, is_new=True)
        return admitting.connected(visit, draft, wish, drafts.credentials(visit, draft)).to

    try:
        return once(visit, "/integrations", act)
    except (ApiError, CrmError, UsageError) as error:
        return _page(visit, draft, _faults(error))


def _faults(error: ReconcilerError) -> dict[str, str]:
    """By field, what is wrong with it; of what is in no field, above them."""
    match error:
        case checks.NoSuchList():
            return {"list_id": given.words(error)}
        case CrmError():
            return {"statement": given.words(error)}
        case AccessRefused():
            return {"form": f"{given.words(error)} Begin again with another token."}
        case _:
            return {"form": given.words(error)}


def _page(visit: Visit, draft: Draft, faults: Mapping[str, str]) -> Page:
    told = draft.told
    content: dict[str, Any] = {
        "connection": draft.connection,
        "workspace": draft.workspace,
        "account": told["account"],
        "token": {"ends_at": told["ends_at"], "is_renewed": told["is_renewed"]},
        "lists": told["lists"],
        "to": f"/connect/{draft.draft_id}/list",
        "good_until": draft.good_until.isoformat(),
    }
    typed = {name: visit.form.get(name, "") for name in ("list", "list_id")}
    form = {"faults": {**dict.fromkeys(_FIELDS, ""), **faults}, "typed": typed}
    return Page("pick_list.html", "Choose the list", content, 400 if faults else 200, form)


ROUTES: Final = (
    Route("GET", "/connect/{draft}/list", Role.ADMIN, ask),
    Route("POST", "/connect/{draft}/list", Role.ADMIN, pick),
)
