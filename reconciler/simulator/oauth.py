"""The OAuth server: the token endpoint, and where a device asks for a code. The browser's part is the consent page.

Its refusals are {"error", "error_description"} with status 400, as observed with invalid_grant; invalid_client is 401.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_plus

from reconciler.simulator.answers import Answer, Refused, Request, as_json, error_object, form_of
from reconciler.simulator.devices import LIFE_SECONDS, Devices

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.simulator.codes import Codes
    from reconciler.simulator.switches import Switches
    from reconciler.simulator.tokens import Tokens

DEVICE_GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"
SCOPES: Final = frozenset({
    "contact_data", "campaign_data", "account_read", "account_update", "offline_access",
})  # fmt: skip
NO_SCOPE: Final = "One or more scopes are not configured for the authorization server."
THROTTLED: Final = error_object(429, "throttled", "Too Many Requests")

_WORDS: Final[Mapping[str, str]] = {
    "invalid_grant": "The refresh token is invalid or expired.",
    "authorization_pending": "The device authorization is pending. Please try again later.",
    "slow_down": "The device polls too often.",
    "expired_token": "The device code is invalid or has expired.",
    "access_denied": "The resource owner denied the request.",
}


class OAuth:
    """Hands out tokens. Not safe for threads by itself: whoever holds the simulator's lock may call it."""

    def __init__(self, tokens: Tokens, devices: Devices, codes: Codes) -> None:
        self._tokens = tokens
        self._devices = devices
        self._codes = codes
        self._asked = float("-inf")

    def token(self, request: Request, now: float, switches: Switches) -> Answer:
        """Answer the token endpoint, once a second (forum thread 399094)."""
        if (switches.limits or switches.token_limit) and now - self._asked < 1:
            raise Refused(THROTTLED)
        self._asked = now
        form = form_of(request)
        self._authenticate(request, form, switches.client_secret)
        match form.get("grant_type"):
            case "refresh_token":
                pair = self._tokens.renew(form.get("refresh_token", ""), now, switches)
                return as_json(pair.shown()) if pair else _refusal("invalid_grant")
            case "authorization_code":
                return self._code(form, now, switches)
            case kind if kind == DEVICE_GRANT:
                return self._device(form, now, switches)
            case _:
                return _refusal("unsupported_grant_type", "The authorization grant type is not supported.")

    def authorize_device(self, request: Request, now: float, switches: Switches) -> Answer:
        """Answer a device that asks for a code."""
        form = form_of(request)
        if form.get("client_id") != self._tokens.api_key:
            raise Refused(_no_client())
        scopes = tuple(form.get("scope", "").split())
        if not scopes or not SCOPES.issuperset(scopes):
            return _refusal("invalid_scope", NO_SCOPE)
        device = self._devices.begin(scopes, now, switches)
        page = f"http://{request.headers.get('host', 'localhost')}/activate"
        return as_json({
            "device_code": device.device_code, "user_code": device.user_code, "verification_uri": page,
            "verification_uri_complete": f"{page}?user_code={device.user_code}",
            "expires_in": LIFE_SECONDS, "interval": switches.device_interval_seconds,
        })  # fmt: skip

    def _device(self, form: Mapping[str, str], now: float, switches: Switches) -> Answer:
        error, scopes = self._devices.poll(form.get("device_code", ""), now, switches)
        return _refusal(error) if error else as_json(self._tokens.grant(scopes, now, switches).shown())

    def _code(self, form: Mapping[str, str], now: float, switches: Switches) -> Answer:
        words, scopes = self._codes.redeem(self._tokens.api_key, form, now)
        if words:
            return _refusal("invalid_grant", words)
        return as_json(self._tokens.grant(scopes, now, switches).shown())

    def _authenticate(self, request: Request, form: Mapping[str, str], secret: str) -> None:
        """Know the client: by Basic if it has a secret, else by client_id; both at once are refused, as Okta does."""
        scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
        basic = scheme.lower() == "basic"
        if basic and ("client_id" in form or "client_secret" in form):
            words = "Cannot supply multiple client credentials."
            raise Refused(_refusal("invalid_request", words))
        if basic:
            known = bool(secret) and _decoded(credentials) == (self._tokens.api_key, secret)
        else:
            known = not secret and form.get("client_id") == self._tokens.api_key
        if not known:
            raise Refused(_no_client())


def _decoded(credentials: str) -> tuple[str, str]:
    """Read Basic credentials, which OAuth has form-encoded (RFC 6749, 2.3.1)."""
    try:
        user, _, password = base64.b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return unquote_plus(user), unquote_plus(password)


def _refusal(error: str, words: str = "") -> Answer:
    return as_json({"error": error, "error_description": words or _WORDS[error]}, 400)


def _no_client() -> Answer:
    words = "The client secret supplied for a confidential client is invalid, or the client is unknown."
    return as_json({"error": "invalid_client", "error_description": words}, 401)
