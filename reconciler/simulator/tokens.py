"""Access and refresh tokens: issued, renewed, ended."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from reconciler.simulator.answers import Refused, Request, as_json, error_object
from reconciler.simulator.clock import DAY_SECONDS, read_time
from reconciler.simulator.definitions import BEGINNING
from reconciler.simulator.identifiers import Identifiers

if TYPE_CHECKING:
    from reconciler.simulator.switches import Switches

ACCESS_LENGTH: Final = 1_100  # as long as real ones
REFRESH_LENGTH: Final = 43
EXPIRES_IN: Final = 86_400  # what is told where tokens don't end, as the provider's do
IDLE_SECONDS: Final = 180 * DAY_SECONDS  # then a refresh token is worth nothing (forum thread 402882)
ALL_SCOPES: Final = ("contact_data", "account_read", "offline_access")
OFFLINE: Final = "offline_access"

_NEVER: Final = int(read_time("2100-01-01T00:00:00Z"))
_SIGNATURE_LENGTH: Final = 342  # that of RS256, which nobody checks here

# The gateway's own words; the body for a missing token is a guess, the status isn't.
FORBIDDEN: Final = as_json({"message": "Forbidden"}, 403)
UNAUTHORIZED: Final = replace(
    error_object(401, "unauthorized", "Unauthorized"),
    headers={"WWW-Authenticate": "Bearer realm=api.cc.email"},
)


@dataclass(frozen=True)
class Access:
    """What an access token allows, and until when."""

    ends: int
    scopes: tuple[str, ...]


@dataclass(frozen=True)
class Renewal:
    """What a refresh token renews, and when it was used last."""

    used: float
    scopes: tuple[str, ...]


@dataclass(frozen=True)
class Pair:
    """Tokens as they are handed out; without offline_access there is none to refresh with."""

    access_token: str
    refresh_token: str | None
    expires_in: int
    scopes: tuple[str, ...]

    def shown(self) -> dict[str, object]:
        """Show them as the token endpoint does."""
        shown: dict[str, object] = {"token_type": "Bearer", "expires_in": self.expires_in}
        shown |= {"access_token": self.access_token, "scope": " ".join(self.scopes)}
        return shown | ({"refresh_token": self.refresh_token} if self.refresh_token else {})


class Tokens:
    """The tokens of the one API key. The same seed makes the same tokens, so a reset keeps them good."""

    def __init__(self, seed: str, began: float, switches: Switches) -> None:
        self._identifiers = Identifiers(seed)
        self.api_key = self._identifiers.uuid()
        self._access: dict[str, Access] = {}
        self._renewals: dict[str, Renewal] = {}
        self.refreshes = self.refused = 0
        self.access_token = self.refresh_token = ""
        self.grant(ALL_SCOPES, began, switches)

    def check(self, request: Request, now: float) -> Access:
        """Let a request with a good token pass: none is 403, a wrong or ended one 401."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Refused(FORBIDDEN)
        found = self._access.get(token.strip())
        if found is None or now >= found.ends:
            raise Refused(UNAUTHORIZED)
        return found

    def expire(self) -> None:
        """End every access token."""
        self._access.clear()

    def revoke(self) -> None:
        """End every access token, and the refresh tokens with them: somebody has to consent again."""
        self._access.clear()
        self._renewals.clear()
        self.refresh_token = ""

    def new(self, now: float, switches: Switches, scopes: tuple[str, ...] = ALL_SCOPES) -> str:
        """Issue an access token; those before it stay good until they end."""
        self.access_token, access = self._made(now, switches, scopes)
        self._access[self.access_token] = access
        return self.access_token

    def grant(self, scopes: tuple[str, ...], now: float, switches: Switches) -> Pair:
        """Issue what somebody's consent is worth; earlier grants stay good."""
        refresh_token = None
        if OFFLINE in scopes:
            refresh_token = self.refresh_token = self._identifiers.token(REFRESH_LENGTH)
            self._renewals[refresh_token] = Renewal(now, scopes)
        return self._pair(refresh_token, scopes, now, switches)

    def renew(self, refresh_token: str, now: float, switches: Switches) -> Pair | None:
        """Renew; None where the token isn't good. Rotating, every earlier one ends at once (forum thread 402882)."""
        before = self._renewals.get(refresh_token)
        if before is None or now - before.used >= IDLE_SECONDS:
            self.refused += 1
            return None
        self.refreshes += 1
        if switches.refresh_tokens == "rotating":
            self._renewals.clear()
            refresh_token = self._identifiers.token(REFRESH_LENGTH)
        self.refresh_token = refresh_token
        self._renewals[refresh_token] = Renewal(now, before.scopes)
        return self._pair(refresh_token, before.scopes, now, switches)

    def counts(self, now: float) -> dict[str, object]:
        """Count: refreshes that worked and didn't, and the tokens that are good."""
        good = sum(now < each.ends for each in self._access.values())
        return {
            "refreshes": self.refreshes, "refused": self.refused,
            "access_tokens": good, "refresh_tokens": len(self._renewals),
        }  # fmt: skip

    def _pair(self, refresh_token: str | None, scopes: tuple[str, ...], now: float, switches: Switches) -> Pair:
        token = self.new(now, switches, scopes)
        return Pair(token, refresh_token, int(switches.token_seconds) or EXPIRES_IN, scopes)

    def _made(self, now: float, switches: Switches, scopes: tuple[str, ...]) -> tuple[str, Access]:
        """Make a token of the form of a real one; without an end it doesn't tell the time either, so it repeats."""
        seconds = switches.token_seconds
        begin, end = (int(now), int(now + seconds)) if seconds else (int(read_time(BEGINNING)), _NEVER)
        claims = {
            "ver": 1, "iss": "https://authz.constantcontact.com/oauth2/default", "aud": "https://api.cc.email/v3",
            "iat": begin, "exp": end, "cid": self.api_key, "uid": self._identifiers.token(20),
            "scp": list(scopes), "auth_time": begin, "sub": "owner@example.com",
        }  # fmt: skip
        header = _part({"alg": "RS256", "kid": self._identifiers.token(43), "typ": "JWT"})
        rest = len(header) + 2 + _SIGNATURE_LENGTH + len(_part({**claims, "jti": ""}))
        claims["jti"] = self._identifiers.token(max(8, (ACCESS_LENGTH - rest) * 3 // 4))
        return f"{header}.{_part(claims)}.{self._identifiers.token(_SIGNATURE_LENGTH)}", Access(end, scopes)


def _part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).rstrip(b"=").decode()
