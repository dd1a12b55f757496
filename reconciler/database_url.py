"""PostgreSQL addresses, taken apart by ourselves: libpq prints a malformed one with its password."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

from reconciler.errors import SettingsError
from reconciler.secret import Secret

_SCHEMES = frozenset({"postgres", "postgresql", "postgresql+psycopg"})
_DEFAULT_PORT = "5432"
_HIGHEST_PORT = 65535
# Stand for bytes that were no UTF-8, percent-encoded or in the environment itself.
_UNDECODABLE = re.compile("[\ufffd\ud800-\udfff]")
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
#: Where a server or the way to it is gone without a word, that is noticed after a minute; an address may say otherwise.
_HEARTBEAT = (
    "connect_timeout=10",
    "keepalives_idle=30",
    "keepalives_interval=10",
    "keepalives_count=3",
    "tcp_user_timeout=60000",
)
_PLACES = ("user", "password", "host", "port", "dbname")


@dataclass(frozen=True, slots=True)
class DatabaseUrl:
    """Say where a database is. Prints without the password.

    `host` is "" where libpq's own default is meant, and a path for a Unix socket's directory.
    """

    host: str
    port: int
    database: str
    user: str
    has_password: bool
    dsn: Secret

    @property
    def redacted(self) -> str:
        """Give the address for people and logs: no password, and no options, as some of them are secrets."""
        login = quote(self.user, safe="") + (":***" if self.has_password else "")
        return _assembled(login, self.host, self.port, self.database, {})

    @property
    def to_connect(self) -> Secret:
        """Give `dsn` with the options by which a silent end is noticed, but for those that it has itself."""
        written = self.dsn.reveal()  # an equals sign of anything else is percent-encoded in it
        added = "&".join(option for option in _HEARTBEAT if f"{option.partition('=')[0]}=" not in written)
        return Secret(f"{written}{'&' if '?' in written else '?'}{added}")


def parse(text: str) -> DatabaseUrl:
    """Take a PostgreSQL address apart.

    What is said twice counts as in libpq: an option after the `?` wins. `dsn` is the same address as
    libpq reads it without doubt, so parsing it again gives an equal value. Raises SettingsError, which
    never shows any part of the address.
    """
    parts = _parts(_after_scheme(text.strip()))
    user, password, host, port, database = (parts.pop(name, "") for name in _PLACES)
    _check_host(host)
    if not database:
        raise _fault("The database address names no database.")
    number = _port(port or _DEFAULT_PORT)
    login = quote(user, safe="") + (f":{quote(password, safe='')}" if password else "")
    dsn = Secret(_assembled(login, host, number, database, parts))
    return DatabaseUrl(host, number, database, user, bool(password), dsn)


def _fault(message: str) -> SettingsError:
    return SettingsError(
        message,
        advice="Write it as postgresql://user:password@host:5432/name, "
        "with special characters percent-encoded (@ is %40, / is %2F, % is %25).",
    )


def _after_scheme(text: str) -> str:
    scheme, separator, rest = text.partition("://")
    if not separator or scheme.lower() not in _SCHEMES:
        raise _fault("The database address does not begin with postgresql:// or postgres://.")
    return rest


def _parts(rest: str) -> dict[str, str]:
    """Give every named part of an address, decoded: the five places first, then the options."""
    before_options, _, query = rest.partition("?")
    authority, _, path = before_options.partition("/")
    # A raw / or ? in a password ends the authority too early. The @ left behind gives it away; without
    # this check a piece of the password would pass for the database's name, and be shown.
    if "@" in path + query or "/" in path:
        raise _fault("The database address has an @ or a / where only a database name or options can be.")
    login, _, place = authority.rpartition("@")
    user, _, password = login.partition(":")
    host, port = _host_and_port(place)
    places = zip(_PLACES, (user, password, host, port, path), strict=True)
    return {name: _decoded(part) for name, part in places} | _options(query)


def _host_and_port(place: str) -> tuple[str, str]:
    bracketed, _, rest = place.rpartition("]")  # an IPv6 address
    name, _, port = rest.partition(":")
    if bracketed and name:
        raise _fault("The database address goes on after the ] of its host.")
    return bracketed.removeprefix("[") or name, port


def _options(query: str) -> dict[str, str]:
    # Not urllib's parse_qsl: to libpq a + is a plus sign, not a blank.
    options = {}
    for option in filter(None, query.split("&")):
        name, equals, value = option.partition("=")
        if not (name and equals):
            raise _fault("The database address has an option without a name or a value.")
        options[_decoded(name)] = _decoded(value)
    return options


def _decoded(part: str) -> str:
    if _STRAY_PERCENT.search(part):
        raise _fault("The database address has a % that is not followed by two hexadecimal digits.")
    # Not errors="strict": that exception would carry the password along.
    text = unquote(part, errors="replace")
    if _UNDECODABLE.search(text):
        raise _fault("The database address has bytes that are not UTF-8.")
    if "\0" in text:
        raise _fault("The database address contains a NUL byte.")
    return text


def _check_host(host: str) -> None:
    if "," in host:
        raise _fault("The database address names more than one host.")
    if not host.startswith("/") and any(c.isspace() or not c.isprintable() for c in host):
        raise _fault("The database address has a host with blanks or unprintable characters.")


def _port(text: str) -> int:
    # Length first: int() of a very long number is refused by Python in words of its own.
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 1 <= int(text) <= _HIGHEST_PORT:
        raise _fault("The database address has a port that is not a number from 1 to 65535.")
    return int(text)


def _assembled(login: str, host: str, port: int, database: str, options: dict[str, str]) -> str:
    if host.startswith(("/", "@")):  # a Unix socket, in the file system or abstract
        place, options = "", {"host": host, "port": str(port)} | options
    else:
        place = f"[{host}]:{port}" if ":" in host else f"{quote(host, safe='')}:{port}"
    query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in options.items())
    before = f"{login}@" if login else ""
    return f"postgresql://{before}{place}/{quote(database, safe='')}" + (f"?{query}" if query else "")
