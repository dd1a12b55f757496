"""The authorization code flow (RFC 6749, 4.1) with PKCE (RFC 7636): a consent becomes a code that is good once."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reconciler.simulator.identifiers import Identifiers

if TYPE_CHECKING:
    from collections.abc import Mapping

LIFE_SECONDS: Final = 300  # five minutes, say staff in the forum
_CODE_LENGTH: Final = 43
_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")  # RFC 7636, 4.1


@dataclass(frozen=True)
class Asked:
    """What an application asks somebody to consent to, and where the answer goes."""

    client_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    challenge: str
    """Empty: a confidential application without PKCE."""


class Codes:
    """The codes that nobody has redeemed yet."""

    def __init__(self, seed: str) -> None:
        self._identifiers = Identifiers(f"{seed}:codes")
        self._all: dict[str, tuple[Asked, float]] = {}

    def issue(self, asked: Asked, now: float) -> str:
        """Make a code for what somebody has consented to."""
        code = self._identifiers.token(_CODE_LENGTH)
        self._all[code] = asked, now + LIFE_SECONDS
        return code

    def redeem(self, client_id: str, form: Mapping[str, str], now: float) -> tuple[str, tuple[str, ...]]:
        """Answer an application that brings a code: why it is no good, or "" and what was consented to.

        Whatever the answer, the code is used up by its application: nobody can guess at its verifier.
        """
        asked, ends = self._all.get(form.get("code", ""), (None, 0.0))
        if asked is None or asked.client_id != client_id:
            return "The authorization code is invalid or has expired.", ()
        del self._all[form["code"]]
        if now >= ends:
            return "The authorization code is invalid or has expired.", ()
        if form.get("redirect_uri") != asked.redirect_uri:
            return "The 'redirect_uri' does not match the redirection URI used in the authorization request.", ()
        if _challenge(form.get("code_verifier", "")) != asked.challenge:
            return "PKCE verification failed.", ()
        return "", asked.scopes


def _challenge(verifier: str) -> str:
    """What a verifier was announced as: by S256, or not at all where there is none."""
    if not verifier:
        return ""
    if not _VERIFIER.fullmatch(verifier):
        return "of no verifier"
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
