"""The page on which somebody lets an application in, at /oauth2/default/v1/authorize."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from reconciler.simulator.answers import Answer, Request, form_fields, form_of
from reconciler.simulator.codes import Asked, Codes
from reconciler.simulator.oauth import NO_SCOPE, SCOPES

if TYPE_CHECKING:
    from collections.abc import Mapping

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Simulated Constant Contact: let an application in</title></head>
<body><h1>Let an application in</h1>{rows}</body></html>
"""
_FORM = """<form method="post" action="?{query}"><p>The application <b>{api_key}</b> asks for: {scopes}</p>
<p>Either answer leads back to {redirect_uri}</p>
<button name="action" value="allow">Allow</button> <button name="action" value="deny">Deny</button></form>
"""
#: An address of this machine and nothing that a browser could read otherwise: no user, fragment, backslash or blank.
_LOOPBACK: Final = re.compile(r"https?://(?:127\.0\.0\.1|localhost|\[::1\])(?::[0-9]{1,5})?(?:[/?][!$-\[\]-~]*)?")
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")  # SHA-256 in base64url


@dataclass(frozen=True)
class Application:
    """The one application of the developer portal."""

    api_key: str
    is_confidential: bool


def answer(codes: Codes, request: Request, now: float, application: Application) -> Answer:
    """Ask somebody, or send them back with their answer; who can't be trusted with it gets a page and no redirect."""
    query = form_fields(request.query)
    back = query.get("redirect_uri", "")
    if query.get("client_id") != application.api_key:
        return _page("<p>There is no application with this client_id.</p>", 400)
    if not _LOOPBACK.fullmatch(back):
        return _page("<p>The redirect_uri is not one of this application: only this machine's own are.</p>", 400)
    if fault := _fault(query, application):
        return _refused(query, *fault)
    asked = Asked(application.api_key, back, tuple(query["scope"].split()), query.get("code_challenge", ""))
    return _asked(codes, request, now, asked)


def _asked(codes: Codes, request: Request, now: float, asked: Asked) -> Answer:
    query = form_fields(request.query)
    if request.method != "POST":
        return _page(_form(request.query, asked))
    match form_of(request).get("action"):
        case "allow":
            return _redirect(query, code=codes.issue(asked, now))
        case "deny":
            return _refused(query, "access_denied", "The resource owner denied the request.")
        case _:
            return _page("<p>Neither Allow nor Deny was chosen.</p>", 400)


def _fault(query: Mapping[str, str], application: Application) -> tuple[str, str] | None:
    """Say what is wrong with a request whose client and address are good: OAuth's own word, and a sentence."""
    if query.get("response_type") != "code":
        return "unsupported_response_type", "The response type is not supported by the authorization server."
    if not query.get("state"):
        return "invalid_request", "The authentication request has an invalid 'state' parameter."
    challenge, method = query.get("code_challenge"), query.get("code_challenge_method")
    if not challenge and not application.is_confidential:
        return "invalid_request", "PKCE code challenge is required when the client has no secret."
    if challenge and (method != "S256" or not _CHALLENGE.fullmatch(challenge)):
        return "invalid_request", "The code challenge is not one of the method S256."
    scopes = query.get("scope", "").split()
    return None if scopes and SCOPES.issuperset(scopes) else ("invalid_scope", NO_SCOPE)


def _form(query: str, asked: Asked) -> str:
    """The request itself stays in the form's address, so that it is looked at again with the answer."""
    return _FORM.format(
        query=html.escape(query), api_key=html.escape(asked.client_id), scopes=html.escape(", ".join(asked.scopes)),
        redirect_uri=html.escape(asked.redirect_uri),
    )  # fmt: skip


def _refused(query: Mapping[str, str], error: str, words: str) -> Answer:
    return _redirect(query, error=error, error_description=words)


def _redirect(query: Mapping[str, str], **told: str) -> Answer:
    """Send the browser back; a redirect_uri keeps the query that it came with (RFC 6749, 3.1.2)."""
    back = query["redirect_uri"]
    told |= {"state": query["state"]} if query.get("state") else {}
    location = f"{back}{'&' if '?' in back else '?'}{urlencode(told)}"
    return Answer(302, b"", "text/html; charset=utf-8", {"Location": location, "Cache-Control": "no-store"})


def _page(rows: str, status: int = 200) -> Answer:
    return Answer(status, _PAGE.format(rows=rows).encode(), "text/html; charset=utf-8")
