"""Signing in with a browser that comes back: the authorization code flow (RFC 6749, 4.1) with PKCE (RFC 7636).

Constant Contact has it with a secret and without one (developer.constantcontact.com/api_guide/auth_overview). PKCE is
used either way, as RFC 9700, 2.1.1 recommends. Nothing is stored here.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from reconciler.constant_contact.oauth import SCOPE, Pair
from reconciler.credentials import PRINTABLE
from reconciler.errors import AccessRefused
from reconciler.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.constant_contact.oauth import OAuth
    from reconciler.credentials import Application

#: As many for the verifier as RFC 7636, 4.1 recommends; `state` is as hard to guess.
_RANDOM_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in that was begun: where the browser goes, and what has to fit when it comes back."""

    #: It has `state` in it, so it is for the browser alone.
    address: str = field(repr=False)
    #: What the browser has to bring back: whoever brings another one did not begin here.
    state: Secret
    #: What proves at the token endpoint that the code was asked for here.
    verifier: Secret
    redirect_uri: str


def begin(auth_url: str, application: Application, redirect_uri: str, random_bytes: Callable[[int], bytes]) -> Begun:
    """Begin a sign-in. `redirect_uri` is one that the portal has for the application, letter by letter."""
    state, verifier = _base64url(random_bytes(_RANDOM_BYTES)), _base64url(random_bytes(_RANDOM_BYTES))
    query = {
        "client_id": application.api_key.reveal(),
        "redirect_uri": redirect_uri,
        "response_type": "code",
        "scope": SCOPE,
        "state": state,
        "code_challenge": challenge(verifier),
        "code_challenge_method": "S256",
    }
    address = f"{auth_url.rstrip('/')}/authorize?{urlencode(query)}"
    return Begun(address, Secret(state), Secret(verifier), redirect_uri)


def challenge(verifier: str) -> str:
    """What a verifier is announced by: S256 (RFC 7636, 4.2)."""
    return _base64url(hashlib.sha256(verifier.encode("ascii")).digest())


def exchange(oauth: OAuth, application: Application, code: Secret, verifier: Secret, redirect_uri: str) -> Pair:
    """The tokens for a code that the browser brought back; the code is good once, for five minutes. Needs a slot.

    Raises AccessRefused where the code is no good, or the application is not, and ApiUnavailable where no tokens came:
    the code may be used up by that too.
    """
    if not PRINTABLE.fullmatch(code.reveal()):
        raise _no_good("no code has such letters")
    form = {
        "grant_type": "authorization_code",
        "code": code.reveal(),
        "redirect_uri": redirect_uri,
        "code_verifier": verifier.reveal(),
    }
    found = oauth.granted(application, form)
    if isinstance(found, Pair):
        return found
    raise _no_good(found.said) if found.word == "invalid_grant" else found.error


def _no_good(said: str) -> AccessRefused:
    return AccessRefused(
        f"the sign-in's code is no good: {said}",
        advice="sign in again: a code is good once, for five minutes, and where it was asked for",
    )


def _base64url(content: bytes) -> str:
    """Without padding (RFC 7636, appendix A)."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode("ascii")
