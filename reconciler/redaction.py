"""Words that may be shown: no address in full, no token. Standard library only."""

from __future__ import annotations

import re

#: Also with a quoted local part, and as an address stands in a URL.
_ADDRESS = re.compile(r"(?:\"[^\"\n]*\"|[^\s@<>\"',;:()\[\]{}=|]+?)(?:@|%40)[^\s@<>\"',;:()\[\]{}|]+")
_BEARER = re.compile(r"(?i)bearer\s+[\w.~+/=-]+")
_LONG_TOKEN = re.compile(r"[\w-]{24,}(?:\.[\w-]{8,})*|\beyJ[\w-]+\.[\w.-]+")
#: What stands before the host of an address, and more where there is no telling.
_PASSWORD = re.compile(r"://[^\s@\"']*@")
_JWT = re.compile(r"\beyJ[\w-]+\.[\w.-]+")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MOST = 500
#: Codes of rows whose message is made of values, and the words after which another one has a value.
_QUOTE_VALUES = ("flapping", "shown_differently")
_WHAT_IS_THERE = "what is there: "


def masked(address: str) -> str:
    """An address that can be told from others but not written to: `j***@example.com`."""
    local, at, domain = address.rpartition("@")
    return f"{local[:1]}***@{domain}" if at else "***"


def veiled(value: str | None) -> str:
    """A value that can be told from others, and no more: `J***`."""
    return f"{value[:1]}***" if value else ""


def veiled_message(code: str, message: str) -> str:
    """A row's reason in words without the values and addresses that some of them quote."""
    if code in _QUOTE_VALUES:
        return ""
    told, quotes, _ = message.partition(_WHAT_IS_THERE)
    return masked_addresses(f"{told}{quotes}***" if quotes else told)


def first_line(error: BaseException | None) -> str:
    """What a database's driver says, in one line: what follows repeats the statement or its values."""
    said = [line.strip() for line in str(error or "").splitlines() if line.strip()]
    # Where several addresses of a host were tried, the first line only announces the others.
    return next((line.removeprefix("- ") for line in said if not line.endswith(":")), "no reason given")


def masked_addresses(text: str) -> str:
    """A text with every address in it masked."""
    return _ADDRESS.sub(lambda found: masked(found.group().replace("%40", "@")), text)


def loggable(text: str) -> str:
    """A text of any length fit for a log: addresses masked, passwords in addresses and tokens out."""
    text = _BEARER.sub("Bearer ***", text)
    text = _JWT.sub("***", text)
    return _PASSWORD.sub("://***@", masked_addresses(text))


def redacted(text: str) -> str:
    """Foreign words fit to be kept and shown: addresses masked, tokens out, no longer than is useful."""
    text = _BEARER.sub("Bearer ***", text)
    text = masked_addresses(text)
    text = _LONG_TOKEN.sub(lambda found: found.group() if _UUID.fullmatch(found.group()) else "***", text)
    return " ".join(text.split())[:_MOST]
