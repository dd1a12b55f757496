"""What an e-mail address is: the form in which it is sent, and the one in which it is compared."""

from __future__ import annotations

import contextlib
import functools
import re
import unicodedata
from typing import Final

import email_validator
from email_validator.rfc_constants import CASE_INSENSITIVE_MAILBOX_NAMES

#: Constant Contact's longest address (provider's contract, `EmailAddress.address`).
LONGEST: Final = 80
#: A part before the @ that is valid as it stands, and a domain without anything to be decoded (RFC 5322, dot-atom).
_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_PLAIN: Final = re.compile(rf"({_ATOM}(?:\.{_ATOM})*)@([A-Za-z0-9.-]+)")
_LONGEST_LOCAL_PART: Final = 64
_DOMAINS: Final = 4096


def usable(text: str) -> tuple[str, str]:
    """A trimmed address as it is sent, or why it can't be used: one of the two is empty."""
    if len(text) > LONGEST:
        return "", f"longer than the {LONGEST} characters Constant Contact takes"
    # Nearly all are ASCII, and few domains have nearly all of them: these need not be taken apart letter by letter.
    if (plain := _PLAIN.fullmatch(text)) and _is_as_it_stands(plain[1]) and (domain := _domain(plain[2])):
        return f"{plain[1]}@{domain}", ""
    return _looked_at(text)


def fold(address: str) -> str:
    """An address for comparing: without regard to letter case, and a domain in ASCII form is the one it stands for."""
    if address.isascii() and "xn--" not in (lowered := address.strip().lower()):
        return lowered
    local, at, domain = address.strip().rpartition("@")
    if "xn--" in domain.casefold():
        domain = ".".join(map(_label, domain.split(".")))
    return unicodedata.normalize("NFC", f"{local}{at}{domain}").lower()


def _is_as_it_stands(local_part: str) -> bool:
    return len(local_part) <= _LONGEST_LOCAL_PART and local_part.lower() not in CASE_INSENSITIVE_MAILBOX_NAMES


def _looked_at(text: str) -> tuple[str, str]:
    try:
        return email_validator.validate_email(text, check_deliverability=False).normalized, ""
    except email_validator.EmailNotValidError as error:
        return "", f"not an e-mail address: {str(error).rstrip('.')}"


@functools.lru_cache(_DOMAINS)
def _domain(domain: str) -> str:
    """A domain as it is sent; empty where no address can have it."""
    return _looked_at(f"a@{domain}")[0].removeprefix("a@")


def _label(label: str) -> str:
    """A label of a domain, out of its ASCII form. What is no such form stays as it is."""
    if label[:4].casefold() != "xn--":
        return label
    with contextlib.suppress(ValueError):
        decoded = label[4:].casefold().encode("ascii").decode("punycode")
        decoded.encode()  # half of a surrogate pair is no text
        return label if decoded.isascii() else decoded.strip()
    return label
