"""Access and refresh tokens, and what a wrong one is told."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs

from reconciler.simulator.answers import Answer, Refused, Request, as_json, error_object
from reconciler.simulator.identifiers import Identifiers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.simulator.switches import Switches

ACCESS_LENGTH: Final = 1_100  # as long as real ones
REFRESH_LENGTH: Final = 43
EXPIRES_IN: Final = 86_400

# The gateway's own words; the body for a missing token is a guess, the status isn't.
FORBIDDEN: Final = as_json({"message": "Forbidden"}, 403)
UNAUTHORIZED: Final = replace(
    error_object(401, "unauthorized", "Unauthorized"),
    headers={"WWW-Authenticate": "Bearer realm=api.cc.email"},
)
INVALID_GRANT: Final = as_json(
    {"error": "invalid_grant", "error_description": "The refresh token is invalid or expired."}, 400
)
THROTTLED: Final = error_object(429, "throttled", "Too Many Requests")


class Tokens:
    """The tokens of the one API key. The same seed makes the same tokens, so a reset keeps them good."""

    def __init__(self, seed: str) -> None:
        self._identifiers = Identifiers(seed)
        self.api_key = self._identifiers.uuid()
        self.access_token = self._identifiers.token(ACCESS_LENGTH)
        self.refresh_token = self._identifiers.token(REFRESH_LENGTH)
        self._ends: dict[str, float] = {self.access_token: float("inf")}
        """When each access token ends."""
        self._refreshed = 0.0

    def check(self, request: Request, now: float) -> None:
        """Let a request with a good token pass: none is 403, a wrong or ended one 401."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Refused(FORBIDDEN)
        if now >= self._ends.get(token.strip(), 0.0):
            raise Refused(UNAUTHORIZED)

    def expire(self) -> None:
        """End every access token."""
        self._ends.clear()

    def revoke(self) -> None:
        """End every access token, and the refresh token with them: somebody has to consent again."""
        self._ends.clear()
        self.refresh_token = ""

    def new(self, now: float, switches: Switches) -> str:
        """Issue an access token; those before it stay good until they end."""
        self.access_token = self._identifiers.token(ACCESS_LENGTH)
        self._ends[self.access_token] = now + (switches.token_seconds or float("inf"))
        return self.access_token

    def refresh(self, request: Request, now: float, switches: Switches) -> Answer:
        """Answer the token endpoint; a rotating refresh token is good once (COMM/402882), one call a second."""
        form = {name: values[-1] for name, values in parse_qs(request.body.decode(errors="replace")).items()}
        if switches.limits and now - self._refreshed < 1:
            return THROTTLED
        self._refreshed = now
        if form.get("grant_type") != "refresh_token" or not self._fits(form):
            return INVALID_GRANT
        if switches.refresh_tokens == "rotating":
            self.refresh_token = self._identifiers.token(REFRESH_LENGTH)
        return as_json({
            "token_type": "Bearer", "expires_in": int(switches.token_seconds) or EXPIRES_IN,
            "access_token": self.new(now, switches), "refresh_token": self.refresh_token,
            "scope": "contact_data account_read offline_access",
        })  # fmt: skip

    def _fits(self, form: Mapping[str, str]) -> bool:
        return bool(self.refresh_token) and form.get("refresh_token") == self.refresh_token
