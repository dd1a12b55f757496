"""What somebody gives us to get into an account, as they paste it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reconciler.errors import UsageError
from reconciler.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

KNOWN: Final = ("api_key", "access_token", "refresh_token", "client_secret")
#: What must be there: to use a token, and to get one through the device flow.
_TOKEN_NEEDS: Final = ("api_key", "access_token")
_DEVICE_TAKES: Final = ("api_key", "client_secret")
#: What the name of an entry can look like.
_ENTRY: Final = re.compile(r"[a-z_]{1,20}")
#: What an HTTP header can carry: anything else was pasted wrongly.
PRINTABLE: Final = re.compile(r"[\x21-\x7e]+")
#: What is wrong with a value that no header can carry.
NOT_ONE_LINE: Final = "must be one line of text without blanks, as the portal shows it"


@dataclass(frozen=True, slots=True)
class Application:
    """An application of the developer portal; only a confidential one has a secret."""

    api_key: Secret
    client_secret: Secret | None = None


@dataclass(frozen=True, slots=True)
class Credentials:
    """What somebody gave us to get into an account."""

    api_key: Secret
    access_token: Secret
    refresh_token: Secret | None = None
    client_secret: Secret | None = None
    #: How many seconds the access token lasts, where Constant Contact said so.
    seconds: float | None = None


def parse(text: str) -> Credentials:
    """Read credentials as a JSON object. Raises UsageError that says what is wrong, and shows none of it."""
    advice = 'give a JSON object such as {"api_key": "...", "access_token": "..."}'
    found = _read(text, _TOKEN_NEEDS, KNOWN, advice)
    return Credentials(found["api_key"], found["access_token"], found.get("refresh_token"), found.get("client_secret"))


def parse_application(text: str) -> Application:
    """Read what the device flow needs. Raises UsageError that says what is wrong, and shows none of it."""
    advice = 'with --device give a JSON object such as {"api_key": "..."}, and client_secret where there is one'
    found = _read(text, _DEVICE_TAKES[:1], _DEVICE_TAKES, advice)
    return Application(found["api_key"], found.get("client_secret"))


def _read(text: str, needed: tuple[str, ...], known: tuple[str, ...], advice: str) -> dict[str, Secret]:
    if "\0" in text:
        raise UsageError("the credentials have a NUL byte in them", advice=advice)
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise UsageError(f"the credentials are not JSON (line {error.lineno})", advice=advice) from None
    except (ValueError, RecursionError):  # a number of thousands of digits, brackets in brackets
        raise UsageError("the credentials are not JSON that can be read", advice=advice) from None
    if not isinstance(found, dict):
        raise UsageError("the credentials are not a JSON object", advice=advice)
    if faults := _faults(found, needed, known):
        raise UsageError("; ".join(faults), advice=advice)
    return {name: Secret(value.strip()) for name, value in found.items() if value}


def _faults(found: Mapping[str, object], needed: tuple[str, ...], known: tuple[str, ...]) -> list[str]:
    faults = [f"the credentials have no {name}" for name in needed if not found.get(name)]
    # A token may have been pasted as a name: only what looks like a name is shown.
    unknown = [name if _ENTRY.fullmatch(name) else "***" for name in found if name not in known]
    faults += [f"the credentials have an unknown entry {name!r}" for name in unknown]
    for name in known:
        value = found.get(name)
        if value and not (isinstance(value, str) and PRINTABLE.fullmatch(value.strip())):
            faults.append(f"{name} {NOT_ONE_LINE}")
    return faults
