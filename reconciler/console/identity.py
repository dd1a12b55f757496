"""Who somebody is by the word of the proxy in front: a signed header, good for minutes."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import jwt
from jwt.algorithms import OKPAlgorithm
from jwt.exceptions import InvalidTokenError

from reconciler.console.access import Grants, Person
from reconciler.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.settings import Settings

#: The header that has the proxy's word, in lower case. The proxy must drop it from what comes from outside.
HEADER: Final = "x-reconciler-identity"
_ALGORITHM: Final = "EdDSA"
_LONGEST_SECONDS: Final = 300
_LONGEST_NAME: Final = 200
#: Two clocks never agree to the second.
_LEEWAY: Final = dt.timedelta(seconds=30)
#: The times are judged by the ledger's clock, below.
_OPTIONS: Final = {
    "require": ["sub", "aud", "iat", "exp"],
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
}
#: Who never said when they proved who they are has not done so for any purpose.
_NEVER: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class NotBelieved(Exception):
    """The proxy's word can't be believed; says why, and nothing of what it was."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """The proxy whose word counts."""

    key: str
    audience: str
    #: Where it lets people sign in again, where that is known.
    sign_in_url: str | None


def of(settings: Settings) -> Proxy | None:
    """The proxy of the settings; None: there is none. Raises SettingsError where half of it is said, or no key."""
    path, audience = settings.console_identity_key, settings.console_audience
    if path is None:
        return None
    if not audience:
        raise SettingsError(
            "RECONCILER_CONSOLE_IDENTITY_KEY says who signs, and nothing says for whom",
            advice="set RECONCILER_CONSOLE_AUDIENCE to what the proxy writes into `aud`",
        )
    return Proxy(_key(path), audience, settings.console_sign_in_url)


def _key(path: Path) -> str:
    advice = "write the Ed25519 public key there as PEM: -----BEGIN PUBLIC KEY-----"
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise SettingsError(f"{path} can't be read: {error.strerror}", advice=advice) from None
    if "PRIVATE" in text:
        raise SettingsError(f"{path} has a private key in it, which no console needs", advice=advice)
    if not _is_public_key(text):
        raise SettingsError(f"{path} is no Ed25519 public key", advice=advice)
    return text


def _is_public_key(text: str) -> bool:
    if not text.startswith("-----BEGIN PUBLIC KEY-----"):
        return False
    try:
        described = OKPAlgorithm.to_jwk(OKPAlgorithm().prepare_key(text), as_dict=True)
    except Exception:  # noqa: BLE001 - whatever reads it has not said all that it raises
        return False
    return bool(described["crv"] == "Ed25519")


def person(proxy: Proxy, word: str, now: dt.datetime) -> Person:
    """Who somebody is. Raises NotBelieved.

    The claims: `sub` and `aud`; `iat` and `exp`, at most 300 seconds apart; `workspaces`, an object of workspace (or *)
    to viewer, operator or admin; and OpenID Connect's `auth_time`, when they last proved who they are.
    """
    try:
        claims = jwt.decode(word, proxy.key, algorithms=[_ALGORITHM], audience=proxy.audience, options=_OPTIONS)  # type: ignore[arg-type]  # the keys are those of its Options
    except InvalidTokenError as error:
        raise NotBelieved(type(error).__name__) from None
    subject, workspaces = claims["sub"], claims.get("workspaces")
    if not isinstance(workspaces, dict) or not all(_is_name(each) for each in (subject, *workspaces)):
        raise NotBelieved("it names nobody, or no workspaces")
    _must_be_good(claims, now)
    return Person(subject, Grants.of(workspaces), _proved(claims, now), "proxy")


def _is_name(text: str) -> bool:
    """Whether the audit and a log line can have it as it is."""
    return bool(text.strip()) and text.isprintable() and len(text) <= _LONGEST_NAME


def _proved(claims: dict[str, Any], now: dt.datetime) -> dt.datetime:
    """When they last proved who they are; a time to come is no such time."""
    moment = _moment(claims.get("auth_time"))
    return _NEVER if moment is None or moment > now + _LEEWAY else min(moment, now)


def _must_be_good(claims: dict[str, Any], now: dt.datetime) -> None:
    issued, ends, begins = (_moment(claims.get(name, claims["iat"])) for name in ("iat", "exp", "nbf"))
    if issued is None or ends is None or begins is None or ends < issued:
        raise NotBelieved("its times are none")
    if (ends - issued).total_seconds() > _LONGEST_SECONDS:
        raise NotBelieved(f"it is good for longer than {_LONGEST_SECONDS} seconds")
    if max(issued, begins) > now + _LEEWAY or ends < now - _LEEWAY:
        raise NotBelieved("it is not good at this time")


def _moment(value: object) -> dt.datetime | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return dt.datetime.fromtimestamp(value, dt.UTC)
    except (ValueError, OverflowError, OSError):
        return None
