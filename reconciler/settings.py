"""The environment as one frozen value, or every fault in it at once."""

from __future__ import annotations

import difflib
import io
import re
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar
from urllib.parse import SplitResult, unquote, urlsplit

from dotenv import dotenv_values
from dotenv.parser import parse_stream

from reconciler import database_url, secret_files
from reconciler.errors import SettingsError
from reconciler.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

T = TypeVar("T")

_PREFIX = "RECONCILER_"
_KNOWN = (
    "RECONCILER_DATABASE_URL",
    "RECONCILER_CRM_URL",
    "RECONCILER_QUEUE_URL",
    "RECONCILER_KEYRING",
    "RECONCILER_API_URL",
    "RECONCILER_AUTH_URL",
    "RECONCILER_PACE_PER_SECOND",
    "RECONCILER_PACE_PER_DAY",
    "RECONCILER_READ_ONLY",
    "RECONCILER_LOG_LEVEL",
    "RECONCILER_LOG_FORMAT",
    "RECONCILER_TEST_DATABASE_URL",
    "RECONCILER_CONTRACT_CREDENTIALS",
    "RECONCILER_HEALTHCHECK_URL",
    "RECONCILER_NOTIFY_URL",
    "RECONCILER_CONSOLE_URL",
    "RECONCILER_CONSOLE_IDENTITY_KEY",
    "RECONCILER_CONSOLE_AUDIENCE",
    "RECONCILER_CONSOLE_SIGN_IN_URL",
    *secret_files.NAMES,
)
_LOG_LEVELS = ("debug", "info", "warning", "error")
_LOG_FORMATS = ("json", "console")
# As `reconciler set` has them.
_PACES_PER_SECOND = (0.01, 1000)
_PACES_PER_DAY = (1, 100_000_000)
_LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
_HOST = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?|[0-9a-f:]*:[0-9a-f:.]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Say how this process is set up.

    Database addresses are normalised for psycopg; `crm_url` and `queue_url` are the ledger's where none is given.
    `log_format` is `json`, `console`, or `auto`: console on a terminal, else json.
    """

    database_url: Secret | None = None
    crm_url: Secret | None = None
    queue_url: Secret | None = None
    keyring: Path | None = None
    api_url: str = "https://api.cc.email/v3"
    auth_url: str = "https://authz.constantcontact.com/oauth2/default/v1"
    pace_per_second: float = 2.8
    pace_per_day: int = 9500
    read_only: bool = False
    log_level: str = "info"
    log_format: str = "auto"
    # Whoever has this address can report this process as healthy.
    healthcheck_url: str | None = field(default=None, repr=False)
    # One or more addresses as Apprise has them: with passwords and tokens in them.
    notify_url: Secret | None = None
    # Where browsers find the console; and of the proxy that says who somebody is: its key, and whom it speaks to.
    console_url: str | None = None
    console_identity_key: Path | None = None
    console_audience: str | None = None
    console_sign_in_url: str | None = None

    @classmethod
    def load(cls, environ: Mapping[str, str], dotenv: Path | None) -> Self:
        """Read the settings; what the environment says wins over the file, also when it says "".

        An empty variable is as good as none, a file that is missing too. Raises one SettingsError with
        every fault; no value is ever shown, as a secret may have been put into the wrong variable.
        """
        read, plain = _Reading(environ, dotenv), cls()
        ledger = read.value("RECONCILER_DATABASE_URL", _database, None)
        settings = cls(
            database_url=ledger,
            crm_url=read.value("RECONCILER_CRM_URL", _database, ledger),
            queue_url=read.value("RECONCILER_QUEUE_URL", _database, ledger),
            keyring=read.value("RECONCILER_KEYRING", Path, None),
            api_url=read.value("RECONCILER_API_URL", _service, plain.api_url),
            auth_url=read.value("RECONCILER_AUTH_URL", _service, plain.auth_url),
            pace_per_second=read.value("RECONCILER_PACE_PER_SECOND", _per_second, plain.pace_per_second),
            pace_per_day=read.value("RECONCILER_PACE_PER_DAY", _per_day, plain.pace_per_day),
            read_only=read.value("RECONCILER_READ_ONLY", _switch, plain.read_only),
            log_level=read.value("RECONCILER_LOG_LEVEL", _one_of(_LOG_LEVELS), plain.log_level),
            log_format=read.value("RECONCILER_LOG_FORMAT", _one_of(_LOG_FORMATS), plain.log_format),
            healthcheck_url=read.value("RECONCILER_HEALTHCHECK_URL", _web_address, None),
            notify_url=read.value("RECONCILER_NOTIFY_URL", Secret, None),
            console_url=read.value("RECONCILER_CONSOLE_URL", _origin, None),
            console_identity_key=read.value("RECONCILER_CONSOLE_IDENTITY_KEY", Path, None),
            console_audience=read.value("RECONCILER_CONSOLE_AUDIENCE", str, None),
            console_sign_in_url=read.value("RECONCILER_CONSOLE_SIGN_IN_URL", _service, None),
        )
        read.raise_faults()
        return settings


class _Reading:
    """Turns variables into values, one by one, and collects what is wrong with them."""

    def __init__(self, environ: Mapping[str, str], dotenv: Path | None) -> None:
        self._faults: list[str] = []
        given = secret_files.resolved(self._from_file(dotenv) | dict(environ), self._note)
        self._given = {
            name: text.strip()
            for name, text in sorted(given.items())
            if name.startswith(_PREFIX) and self._is_sound(name, text)
        }

    def value(self, name: str, reader: Callable[[str], T], default: T) -> T:
        text = self._given.get(name, "")
        if not text:
            return default
        try:
            return reader(text)
        except SettingsError as fault:
            self._note(name, fault)
            return default

    def raise_faults(self) -> None:
        if self._faults:
            raise SettingsError(
                "The settings are wrong:\n" + "\n".join(f"- {fault}" for fault in sorted(self._faults)),
                advice="Correct the environment or the .env file: docs/reference/settings.md explains each.",
            )

    def _note(self, name: str, fault: SettingsError) -> None:
        shown = name if name.isprintable() else ascii(name)
        self._faults.append(f"{shown}: {fault} {fault.advice}")

    def _from_file(self, dotenv: Path | None) -> dict[str, str]:
        if dotenv is None:
            return {}
        try:
            return _file_values(dotenv)
        except SettingsError as fault:
            self._note(str(dotenv), fault)
            return {}

    def _is_sound(self, name: str, text: str) -> bool:
        if name not in _KNOWN:
            self._note(name, SettingsError("There is no such variable.", advice=_suggestion(name)))
        elif "\0" in text:
            self._note(name, SettingsError("It contains a NUL byte.", advice="Write it anew, as plain text."))
        else:
            return True
        return False


def _file_values(dotenv: Path) -> dict[str, str]:
    try:
        text = dotenv.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return {}
    except OSError as exc:
        raise SettingsError(f"The file can't be read: {exc.strerror}.", advice="Correct its rights.") from exc
    except UnicodeDecodeError:
        # Not chained: the exception carries the file's content along.
        raise SettingsError("The file is not UTF-8.", advice="Save it as UTF-8.") from None
    for binding in parse_stream(io.StringIO(text)):
        # dotenv_values skips such a line with a warning, and a forgotten READ_ONLY would push.
        is_ours = (binding.key or "").startswith(_PREFIX)
        if binding.error or (is_ours and binding.value is None):
            raise SettingsError(f"Line {binding.original.line} can't be read.", advice="Write NAME=value.")
    # A ${ in a password is no variable: values count as they are written.
    found = dotenv_values(stream=io.StringIO(text), interpolate=False)
    return {name: value for name, value in found.items() if value is not None}


def _suggestion(name: str) -> str:
    # Without the prefix: as they all share it, everything would be near to everything.
    ends = [known.removeprefix(_PREFIX) for known in _KNOWN]
    nearest = difflib.get_close_matches(name.removeprefix(_PREFIX).upper(), ends, n=1)
    return f"Did you mean {_PREFIX}{nearest[0]}?" if nearest else "Remove it."


def _database(text: str) -> Secret:
    return database_url.parse(text).dsn


def _per_second(text: str) -> float:
    least, most = _PACES_PER_SECOND
    advice = f"Write a number from {least} to {most}, such as 2.8."
    try:
        pace = float(text)
    except ValueError:
        raise SettingsError("It is not a number.", advice=advice) from None
    if not least <= pace <= most:  # "nan" is refused here too
        raise SettingsError("It is out of range.", advice=advice)
    return pace


def _per_day(text: str) -> int:
    least, most = _PACES_PER_DAY
    advice = f"Write a whole number from {least} to {most:,}, such as 9500."
    try:
        pace = int(text)
    except ValueError:
        raise SettingsError("It is not a whole number.", advice=advice) from None
    if not least <= pace <= most:
        raise SettingsError("It is out of range.", advice=advice)
    return pace


def _switch(text: str) -> bool:
    if text not in {"0", "1"}:
        raise SettingsError("It is neither 0 nor 1.", advice="Write 1 for yes or 0 for no.")
    return text == "1"


def _one_of(words: tuple[str, ...]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text.lower() not in words:
            raise SettingsError("It is not a word known here.", advice=f"Write one of: {', '.join(words)}.")
        return text.lower()

    return read


def _service(text: str) -> str:
    """Read the address of the API or of the OAuth server: tokens go there."""
    parts = _split(text)
    if "@" in parts.netloc:
        raise SettingsError("The address contains a user name.", advice="Leave out what stands before the @.")
    if "?" in text or "#" in text:
        raise SettingsError("The address goes on after its path.", advice="Leave out the ? or # and the rest.")
    if parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
        raise SettingsError("The address is plain http to another machine.", advice="Write https://.")
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}"


def _origin(text: str) -> str:
    """Read an address without a path: what a browser calls an origin."""
    address = _service(text)
    if _split(address).path:
        raise SettingsError("The address has a path.", advice="Write no more than https://host, and the port if any.")
    return address


def _web_address(text: str) -> str:
    _split(text)
    return text


def _split(text: str) -> SplitResult:
    # urlsplit drops tabs and line ends silently, and would then judge another address than the one kept.
    if any(c.isspace() or not c.isprintable() for c in unquote(text)):
        raise SettingsError("The address contains blanks or unprintable characters.", advice="Remove them.")
    parts = _parts_or_none(text)
    if parts is None or parts.scheme not in {"http", "https"} or not _HOST.fullmatch(parts.hostname or ""):
        raise SettingsError("It is not a web address.", advice="Write it as https://host/path.")
    return parts


def _parts_or_none(text: str) -> SplitResult | None:
    # No exception leaves here: urllib's repeat parts of the address.
    try:
        parts = urlsplit(text)
        port = parts.port  # is checked when it is asked for
    except ValueError:
        return None
    return None if port == 0 else parts


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return any(address in network for network in _LOOPBACK)
