"""What somebody gave to connect with, read from the form field by field. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from reconciler import checks
from reconciler.console.access import EVERYWHERE
from reconciler.credentials import NOT_ONE_LINE, PRINTABLE, Application, Credentials
from reconciler.errors import UsageError
from reconciler.page import capital
from reconciler.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.errors import ReconcilerError

#: The ways to give access, by the button that was pressed.
PASTED: Final = "pasted"
CODE: Final = "code"
DEVICE: Final = "device"
_LABELS: Final = {"api_key": "API Key", "access_token": "Access Token", "client_secret": "Client secret"}
_MOST_LETTERS: Final = 200


@dataclass(frozen=True, slots=True)
class Given:
    """A form that connects; texts without the blanks around them."""

    name: str
    workspace: str
    way: str
    api_key: Secret
    access_token: Secret
    client_secret: Secret | None
    #: By field, what is wrong with it.
    faults: Mapping[str, str] = field(default_factory=dict)

    @property
    def credentials(self) -> Credentials:
        return Credentials(self.api_key, self.access_token)

    @property
    def application(self) -> Application:
        return Application(self.api_key, self.client_secret)


def to_connect(form: Mapping[str, str], workspaces: Sequence[str] | None) -> Given:
    """A new connection; `workspaces` are those it may be for, None: any."""
    name, workspace = form.get("name", "").strip(), form.get("workspace", "").strip()
    faults = {"name": _name_fault(name), "workspace": _workspace_fault(workspace, workspaces)}
    return _given(form, name, workspace, faults)


def to_reconnect(form: Mapping[str, str], name: str, workspace: str) -> Given:
    """A connection that is there: its name and workspace stay."""
    return _given(form, name, workspace, {})


def words(error: ReconcilerError) -> str:
    """An error with what to do about it."""
    return capital(f"{error}: {error.advice}" if error.advice else str(error))


def _given(form: Mapping[str, str], name: str, workspace: str, faults: Mapping[str, str]) -> Given:
    way = form["way"] if form.get("way") in (CODE, DEVICE) else PASTED
    wanted = ("api_key", "access_token") if way == PASTED else ("api_key",)
    texts = {label: form.get(label, "").strip() for label in _LABELS}
    told = {**faults, **{each: _secret_fault(each, texts[each], is_wanted=each in wanted) for each in _LABELS}}
    return Given(
        name,
        workspace,
        way,
        Secret(texts["api_key"]),
        Secret(texts["access_token"]),
        Secret(texts["client_secret"]) if texts["client_secret"] else None,
        {each: fault for each, fault in told.items() if fault},
    )


def _secret_fault(each: str, text: str, *, is_wanted: bool) -> str:
    if not text:
        return f"{_LABELS[each]} is needed here." if is_wanted else ""
    return "" if PRINTABLE.fullmatch(text) else f"{_LABELS[each]} {NOT_ONE_LINE}."


def _name_fault(name: str) -> str:
    try:
        checks.name(name)
    except UsageError as error:
        return words(error)
    return ""


def _workspace_fault(workspace: str, workspaces: Sequence[str] | None) -> str:
    if workspaces is not None:
        return "" if workspace in workspaces else "Choose one of your workspaces."
    is_one = workspace.isprintable() and workspace not in ("", EVERYWHERE) and len(workspace) <= _MOST_LETTERS
    return "" if is_one else "Name the workspace as the CRM knows it."
