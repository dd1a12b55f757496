"""An answer as it comes in: never more of it than this API sends; and what it means when none comes."""

from __future__ import annotations

import logging
import ssl
from typing import TYPE_CHECKING, Final

import httpx

from reconciler.constant_contact.packed import Packed
from reconciler.errors import ApiError, ApiUnavailable, OutcomeUnknown, TooLarge, Unreached, Untrusted

if TYPE_CHECKING:
    from collections.abc import Iterator

_log: Final = logging.getLogger(__name__)
#: A larger answer is not one of this API's; a page of 500 contacts with everything is about a megabyte.
MOST_BYTES: Final = 64_000_000
#: An export of a million contacts with everything is about 300 MB.
MOST_FILE_BYTES: Final = 2_000_000_000
_CODED: Final = ("content-encoding", "content-length", "transfer-encoding")


def received(response: httpx.Response) -> httpx.Response:
    """The answer with its whole body, counted as it is unpacked. Raises TooLarge, and reads no further then.

    A file of contacts is kept packed beside it.
    """
    if response.is_success and "csv" in response.headers.get("Content-Type", "").lower():
        return httpx.Response(response.status_code, headers=_headers(response), extensions={"file": _file(response)})
    content = b"".join(_counted(response, "answer", MOST_BYTES))
    return httpx.Response(response.status_code, headers=_headers(response), content=content)


def _headers(response: httpx.Response) -> list[tuple[str, str]]:
    return [(name, value) for name, value in response.headers.multi_items() if name.lower() not in _CODED]


def _file(response: httpx.Response) -> Packed:
    file = Packed()
    for part in _counted(response, "file", MOST_FILE_BYTES):
        file.add(part)
    return file


def _counted(response: httpx.Response, what: str, most: int) -> Iterator[bytes]:
    count = 0
    for part in response.iter_bytes():
        count += len(part)
        if count > most:
            raise TooLarge(
                f"Constant Contact's {what} is larger than {most:,} bytes; it was not read to its end",
                advice="this passes; if it does not, look whether a proxy stands in between",
            )
        yield part


def note(operation: str, response: httpx.Response) -> None:
    """Log an answer by what was asked: never its address or its body, which have people in them."""
    _log.debug("Constant Contact answered", extra={"operation": operation, "status": response.status_code})


def unreached(error: httpx.RequestError, *, is_write: bool) -> ApiError:
    """What a broken connection means: a write that may have left is of unknown outcome."""
    what = type(error).__name__
    advice = "this passes; check the network if it does not"
    if (refused := _untrusted(error)) is not None:
        return Untrusted(
            f"the other side can't prove that it is Constant Contact: {refused}; nothing was sent",
            advice="look whether a proxy stands in between, and at this machine's clock and certificates",
        )
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
        return Unreached(f"Constant Contact can't be reached ({what})", advice=advice)
    if is_write:
        return OutcomeUnknown(f"no answer came to a write ({what})", advice=advice)
    return ApiUnavailable(f"Constant Contact can't be reached ({what})", advice=advice)


def _untrusted(error: BaseException | None) -> str | None:
    """Why a certificate was not taken, where that is what broke the connection."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error.verify_message.rstrip(".")
        error = error.__cause__ or error.__context__
    return None
