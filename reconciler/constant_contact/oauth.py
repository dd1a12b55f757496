"""The token endpoint: an access token from a refresh token, or from a person who consents in a browser.

What it asks and how it answers: developer.constantcontact.com/api_guide/server_flow and device_flow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import httpx

from reconciler.constant_contact import answers
from reconciler.constant_contact.token_endpoint import TOTAL_SECONDS, TokenEndpoint
from reconciler.credentials import PRINTABLE, Application
from reconciler.errors import AccessRefused, ApiError, ApiUnavailable, DailyLimitReached, GrantEnded, Throttled
from reconciler.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.slots import Slot

SCOPE: Final = "contact_data account_read offline_access"
_DEVICE_GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"
#: What the standard says where the answer does not (RFC 8628, 3.2).
_INTERVAL_SECONDS: Final = 5.0
_DEVICE_SECONDS: Final = 600.0
#: What lasts longer than this is nobody's token, code or pause: the answer is taken not to say it.
_MOST_SECONDS: Final = 366 * 86_400.0
_MOST_DEVICE_SECONDS: Final = 3600.0
_MOST_INTERVAL_SECONDS: Final = 300.0
_OK: Final = 200
_REFUSALS: Final = (400, 401, 403)
#: Certainly not carried out: the connection was never there, or the server said that it did nothing.
_NOT_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_THROTTLED: Final = 429
_UNAVAILABLE: Final = 503
_PASSES: Final = "this passes; nothing is lost meanwhile"
_AGAIN: Final = "say `reconciler connect NAME --device` again"


class RefreshUnanswered(ApiUnavailable):
    """The answer to a refresh did not come: a rotating refresh token may be used up by it."""


@dataclass(frozen=True, slots=True)
class Pair:
    """An access token with how long it lasts, and the refresh token that is good from now on."""

    access_token: Secret
    refresh_token: Secret | None
    #: Seconds from now until the access token ends; None: not said.
    seconds: float | None


@dataclass(frozen=True, slots=True)
class NotGranted:
    """There is no token: OAuth's own word for why, and Constant Contact's sentence."""

    word: str
    said: str
    #: What this is to a caller who makes nothing of the word.
    error: ApiError


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """What a person needs to consent at another screen: an address and a code to type there."""

    code: Secret
    user_code: str
    address: str
    #: How long the code is good, and how long to wait between two questions.
    seconds: float
    interval: float


@dataclass(frozen=True, slots=True)
class Waiting:
    """Nobody has consented yet; `slower`: the questions come too fast."""

    slower: bool


class TokenPace(Protocol):
    """When token requests of one API key may leave."""

    def reserve(self) -> float | None:
        """Reserve the next slot; says how many seconds it is away, or None where the day is spent."""


class DaySlots(Protocol):
    """Slots of which each is a moment of a UTC day."""

    def reserve(self) -> Slot | None:
        """Reserve the next slot; None where the day is spent."""


class TokenSlots:
    """Token requests of one API key: one a second (forum thread 399094), counted in its day like any other."""

    def __init__(self, own: DaySlots, day: DaySlots) -> None:
        self._own = own
        self._day = day

    def reserve(self) -> float | None:
        """Reserve the next slot; says how many seconds it is away, or None where the day is spent."""
        day = self._day.reserve()
        own = None if day is None else self._own.reserve()
        return None if day is None or own is None else max(day.seconds, own.seconds, 0.0)


class OAuth:
    """One OAuth server. Each request of the caller needs a slot first."""

    def __init__(
        self,
        url: str,
        slots: TokenPace,
        *,
        transport: httpx.BaseTransport | None = None,
        total_seconds: float = TOTAL_SECONDS,
    ) -> None:
        self._server = TokenEndpoint(url, transport, total_seconds)
        self._slots = slots

    def slot(self) -> float:
        """Reserve the right to one request; says how many seconds away it is. Raises DailyLimitReached."""
        seconds = self._slots.reserve()
        if seconds is None:
            raise DailyLimitReached
        return seconds

    def refresh(self, application: Application, refresh_token: Secret) -> Pair:
        """A new access token. A rotating refresh token is used up by this: store the new one before anything else.

        Raises GrantEnded where the refresh token is no good (HTTP 400, `invalid_grant`), AccessRefused where the API
        key or its secret is, RefreshUnanswered where it may have been done, Throttled and ApiUnavailable where not.
        """
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token.reveal()}
        try:
            response = self._server.post("/token", application, form)
        except _NOT_SENT as error:
            raise _unreached(error) from None
        except httpx.TransportError as error:
            raise RefreshUnanswered(f"no answer came to a token's refresh ({_name(error)})", advice=_PASSES) from None
        if response.status_code == _OK:
            return _refreshed(response)
        said = answers.words(response)
        if _error(response) == "invalid_grant":
            raise GrantEnded(f"Constant Contact no longer takes the refresh token: {said}")
        if response.status_code in _REFUSALS:
            raise _refused(said)
        if response.status_code == _THROTTLED:
            raise Throttled(f"Constant Contact's sign-in asks for patience: {said}", advice=_PASSES)
        if response.status_code == _UNAVAILABLE:
            raise _in_trouble(response, said)
        raise RefreshUnanswered(
            f"Constant Contact answered a token's refresh with {response.status_code}: {said}", advice=_PASSES
        )

    def start(self, application: Application) -> DeviceCode:
        """Begin the device flow. Raises AccessRefused where the API key is not made for it, or ApiUnavailable."""
        # Here the API key is named, never proved (RFC 8628, 3.1): a secret is for the token endpoint.
        response = self._asked("/device/authorize", Application(application.api_key), {"scope": SCOPE})
        if response.status_code in _REFUSALS:
            raise _refused(answers.words(response))
        if response.status_code != _OK:
            raise _in_trouble(response, answers.words(response))
        found = answers.properties(response)
        pause = _seconds(found.get("interval"), _MOST_INTERVAL_SECONDS)
        try:
            return DeviceCode(
                _secret(found["device_code"]),
                _shown(found["user_code"]),
                _shown(found.get("verification_uri_complete") or found["verification_uri"]),
                _seconds(found.get("expires_in"), _MOST_DEVICE_SECONDS) or _DEVICE_SECONDS,
                _INTERVAL_SECONDS if pause is None else pause,
            )
        except (KeyError, TypeError):
            raise ApiUnavailable("Constant Contact's answer has no code for the device flow", advice=_PASSES) from None

    def poll(self, application: Application, code: DeviceCode) -> Pair | Waiting:
        """Ask whether somebody has consented. Raises AccessRefused where they said no or the code is too old."""
        found = self.granted(application, {"grant_type": _DEVICE_GRANT, "device_code": code.code.reveal()})
        if isinstance(found, Pair):
            return found
        match found.word:
            case "authorization_pending":
                return Waiting(slower=False)
            case "slow_down":
                return Waiting(slower=True)
            case "access_denied":
                raise AccessRefused("the sign-in was denied in the browser", advice=_AGAIN)
            case "expired_token" | "invalid_grant":
                raise AccessRefused("the code was not used in time", advice=_AGAIN)
        raise found.error

    def granted(self, application: Application, form: Mapping[str, str]) -> Pair | NotGranted:
        """Ask for the tokens of a consent; the form says which. Raises ApiUnavailable where no answer comes."""
        response = self._asked("/token", application, form)
        if response.status_code == _OK:
            return _pair(response)
        said = answers.words(response)
        is_refusal = response.status_code in _REFUSALS
        return NotGranted(_error(response), said, _refused(said) if is_refusal else _in_trouble(response, said))

    def _asked(self, path: str, application: Application, form: Mapping[str, str]) -> httpx.Response:
        try:
            return self._server.post(path, application, form)
        except httpx.TransportError as error:
            raise _unreached(error) from None


def _refreshed(response: httpx.Response) -> Pair:
    try:
        return _pair(response)
    except ApiUnavailable as error:
        raise RefreshUnanswered(str(error), advice=_PASSES) from None


def _pair(response: httpx.Response) -> Pair:
    found = answers.properties(response)
    refresh = found.get("refresh_token")
    try:
        access_token = _secret(found.get("access_token"))
        refresh_token = _secret(refresh) if refresh else None
    except TypeError:
        raise ApiUnavailable("Constant Contact's answer has no token that can be used", advice=_PASSES) from None
    return Pair(access_token, refresh_token, _seconds(found.get("expires_in"), _MOST_SECONDS) or None)


def _error(response: httpx.Response) -> str:
    """OAuth's own word for what is wrong, where the body has one."""
    try:
        return str(answers.properties(response).get("error", "")) if response.status_code in _REFUSALS else ""
    except ApiUnavailable:
        return ""


def _shown(text: object) -> str:
    """What goes to somebody's terminal as it is. Raises TypeError where it is nothing to be read there."""
    if not isinstance(text, str) or not text.strip() or not text.isprintable():
        raise TypeError
    return text


def _secret(text: object) -> Secret:
    """What is sent back as it is. Raises TypeError where no request could carry it."""
    if not isinstance(text, str) or not PRINTABLE.fullmatch(text):
        raise TypeError
    return Secret(text)


def _seconds(value: object, most: float) -> float | None:
    """A number of seconds; None where it is none that can be."""
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if 0 <= number <= most else None


def _refused(said: str) -> AccessRefused:
    return AccessRefused(
        f"Constant Contact refused the API key, not the token: {said}",
        advice="look in the portal whether the application is active and of which kind it is: a confidential one needs "
        "its client_secret, another must have none; then connect again",
    )


def _in_trouble(response: httpx.Response, said: str) -> ApiUnavailable:
    return ApiUnavailable(f"Constant Contact gives no token now ({response.status_code}): {said}", advice=_PASSES)


def _unreached(error: httpx.TransportError) -> ApiUnavailable:
    advice = "this passes; check the network and RECONCILER_AUTH_URL if it does not"
    return ApiUnavailable(f"Constant Contact's sign-in can't be reached ({_name(error)})", advice=advice)


def _name(error: BaseException) -> str:
    return type(error).__name__
