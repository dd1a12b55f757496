"""Signing in at Constant Contact: in this browser, which comes back with a code, or at another screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from reconciler.console import admitting, drafts, given
from reconciler.console.access import Role
from reconciler.console.answers import Elsewhere, Page
from reconciler.console.once import once, was_done
from reconciler.console.routes import Route
from reconciler.constant_contact import code_flow
from reconciler.constant_contact.oauth import DeviceCode, Pair, Waiting
from reconciler.credentials import Credentials
from reconciler.errors import AccessRefused, ApiUnavailable, ReconcilerError, UsageError
from reconciler.secret import Secret

if TYPE_CHECKING:
    from reconciler.console.answers import Answer
    from reconciler.console.desk import Visit
    from reconciler.credentials import Application
    from reconciler.ledger.console_drafts import Draft

_RETURN: Final = "/connect/return"


def return_address(visit: Visit) -> str:
    """Where the browser is sent back to: the portal has it for the application, letter by letter."""
    return f"{visit.desk.address}{_RETURN}"


def begin(visit: Visit, draft: Draft, application: Application) -> Page:
    """Lead the browser to Constant Contact; it comes back within ten minutes, in this session, once.

    By a link, and not by a redirect: Chromium lets a form lead only to where a page's policy says, through all
    redirects, and which servers Constant Contact's own sign-in goes through is not documented.
    """
    admitting.must_be_theirs(visit, draft)
    begun = code_flow.begin(
        visit.desk.here.settings.auth_url, application, return_address(visit), visit.desk.random_bytes
    )
    secrets = {**_of(application), "verifier": begun.verifier}
    drafts.begin(visit, draft, secrets, state=begun.state, seconds=drafts.SIGN_IN_SECONDS)
    return Page(
        "leaving.html", "Sign in with Constant Contact", {"connection": draft.connection}, form={"to": begun.address}
    )


def came_back(visit: Visit) -> Answer:
    """The page that a browser comes back to: a GET does nothing, so it has a button that goes on."""
    content = {"is_denied": bool(visit.query.get("error")), "to": _RETURN}
    form = {name: visit.query.get(name, "") for name in ("code", "state", "error")}
    return Page("came_back.html", "Back from Constant Contact", content, form=form)


def go_on(visit: Visit) -> Answer:
    """Take the code that the browser brought, for the sign-in that this session began, once."""
    return once(visit, "/integrations", lambda: _went_on(visit).to)


def _went_on(visit: Visit) -> Elsewhere:
    draft = drafts.came_back(visit, visit.form.get("state", ""))
    if error := visit.form.get("error", ""):
        drafts.end(visit, draft)
        told = "the sign-in was denied" if error == "access_denied" else "Constant Contact did not let you sign in"
        raise UsageError(told, advice="nothing was connected: begin again, and allow it there")
    try:
        application, pair = _exchanged(visit, draft)
    except ReconcilerError:
        # A code is good once, and so is the state: nothing is left to try it with once more.
        drafts.end(visit, draft)
        raise
    return _admitted(visit, draft, application, pair)


def _exchanged(visit: Visit, draft: Draft) -> tuple[Application, Pair]:
    """The tokens for the code that the browser brought."""
    application, verifier = drafts.application(visit, draft), drafts.secret(visit, draft, "verifier")
    oauth = visit.desk.here.sign_in(visit.ledger, application)
    visit.desk.here.pause(oauth.slot())
    code = Secret(visit.form.get("code", ""))
    return application, code_flow.exchange(oauth, application, code, verifier or Secret(""), return_address(visit))


def begin_at_another_screen(visit: Visit, draft: Draft, application: Application) -> Elsewhere:
    """Get a code for another screen. Raises AccessRefused where the API key is not made for it."""
    admitting.must_be_theirs(visit, draft)
    oauth = visit.desk.here.sign_in(visit.ledger, application)
    visit.desk.here.pause(oauth.slot())
    code = oauth.start(application)
    told = {"user_code": code.user_code, "address": code.address, "interval": code.interval}
    new = drafts.telling(draft, **told)
    secrets = {**_of(application), "device_code": code.code}
    made = drafts.begin(visit, new, secrets, seconds=code.seconds)
    return Elsewhere(f"/connect/{made.draft_id}/device")


def show(visit: Visit) -> Answer:
    return _page(visit, _with_code(visit), "")


def poll(visit: Visit) -> Answer:
    """Ask once whether somebody has consented at the other screen."""
    try:
        draft = _with_code(visit)
    except UsageError as error:
        return was_done(visit, "/integrations", error)
    try:
        application, answer = _polled(visit, draft)
    except ApiUnavailable as error:
        return _page(visit, draft, given.words(error))
    except AccessRefused as error:
        raise AccessRefused(str(error), advice="nothing was connected: begin again") from None
    if isinstance(answer, Waiting):
        return _page(visit, draft, "Nobody has allowed it there yet.")
    return once(visit, "/integrations", lambda: _admitted(visit, draft, application, answer).to)


def _with_code(visit: Visit) -> Draft:
    """The draft that the address names. Raises UsageError where it is over, or its code was entered."""
    draft = drafts.find(visit, visit.names["draft"])
    if "user_code" not in draft.told or "device_code" not in draft.sealed:
        raise UsageError("there is no code to be entered", advice="begin to connect again")
    return draft


def _admitted(visit: Visit, draft: Draft, application: Application, pair: Pair) -> Elsewhere:
    """Go on with the tokens of a consent; where that fails nothing is left to try it with once more."""
    try:
        return admitting.admitted(visit, draft, _credentials(application, pair))
    except ReconcilerError:
        drafts.end(visit, draft)
        raise


def _polled(visit: Visit, draft: Draft) -> tuple[Application, Pair | Waiting]:
    application, secret = drafts.application(visit, draft), drafts.secret(visit, draft, "device_code")
    told = draft.told
    code = DeviceCode(secret or Secret(""), told["user_code"], told["address"], 0.0, told["interval"])
    oauth = visit.desk.here.sign_in(visit.ledger, application)
    visit.desk.here.pause(oauth.slot())
    return application, oauth.poll(application, code)


def _page(visit: Visit, draft: Draft, said: str) -> Page:
    content: dict[str, Any] = {
        "connection": draft.connection,
        "address": draft.told["address"],
        "user_code": draft.told["user_code"],
        "good_until": draft.good_until.isoformat(),
        "to": f"/connect/{draft.draft_id}/device",
        "said": said,
    }
    # Asked by itself once somebody has pressed the button, and never faster than Constant Contact wants.
    repeats = max(draft.told["interval"], 1.0) if visit.form else None
    return Page("device.html", "Sign in at another screen", content, form={"repeats": repeats})


def _of(application: Application) -> dict[str, Secret | None]:
    return {"api_key": application.api_key, "client_secret": application.client_secret}


def _credentials(application: Application, pair: Pair) -> Credentials:
    return Credentials(
        application.api_key, pair.access_token, pair.refresh_token, application.client_secret, pair.seconds
    )


ROUTES: Final = (
    Route("GET", _RETURN, Role.ADMIN, came_back, has_json=False),
    Route("POST", _RETURN, Role.ADMIN, go_on),
    Route("GET", "/connect/{draft}/device", Role.ADMIN, show),
    Route("POST", "/connect/{draft}/device", Role.ADMIN, poll),
)
