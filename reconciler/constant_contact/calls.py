"""One place asks: every request with its token, its tries, and what its answer means.

A read is tried again when the trouble passes; a write only where it was certainly not carried out.
"""

from __future__ import annotations

import email.utils
from typing import TYPE_CHECKING, Any, Final, Protocol

import httpx

from reconciler.constant_contact import answers
from reconciler.constant_contact.budget import Budget
from reconciler.errors import AccessRefused, ApiUnavailable, OutcomeUnknown

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator

    from reconciler.constant_contact.budget import Slots
    from reconciler.secret import Secret

_TRIES: Final = 4
_THROTTLED_TRIES: Final = 8
_FIRST_PAUSE: Final = 1.0
#: A larger answer is not one of this API's.
_MOST_BYTES: Final = 64_000_000


class Access(Protocol):
    """One account's access token, as fresh as it can be had."""

    def token(self) -> Secret:
        """The token to use now. Raises AccessRefused where there is none that could work."""

    def after_refusal(self, refused: Secret) -> Secret:
        """Another token than the one that was just refused. Raises AccessRefused where there is none."""


class OneToken:
    """A token that nobody renews."""

    def __init__(self, token: Secret) -> None:
        self._token = token

    def token(self) -> Secret:
        return self._token

    def after_refusal(self, refused: Secret) -> Secret:  # noqa: ARG002 - there is no other, whichever was refused
        raise AccessRefused(
            "Constant Contact refused the access token",
            advice="connect again with a new token: `reconciler connect NAME`",
        )


class Calls:
    """Requests to one account's API, behind its budget."""

    def __init__(
        self,
        url: str,
        access: Access,
        slots: Slots,
        *,
        sleep: Callable[[float], None],
        random: Callable[[], float],
        write_seconds: float,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._base = httpx.URL(url)
        self._access = access
        self._sleep = sleep
        self._random = random
        self._write_timeout = httpx.Timeout(write_seconds, connect=10)
        self._budget = Budget(transport or httpx.HTTPTransport(), slots, sleep)
        self._http = httpx.Client(transport=self._budget, timeout=httpx.Timeout(60, connect=10))
        self._answered_at: dt.datetime | None = None

    @property
    def made(self) -> dict[str, int]:
        """Requests made so far, by the provider's operationId."""
        return dict(sorted(self._budget.calls.items()))

    @property
    def answered_at(self) -> dt.datetime | None:
        """Constant Contact's clock at the last read."""
        return self._answered_at

    def close(self) -> None:
        self._http.close()

    def get(self, operation: str, path: str, query: dict[str, str] | None = None) -> Any:
        """The JSON of a read. Raises ApiError."""
        return answers.body(self._answer(operation, self._url(path), query or {}))

    def text(self, operation: str, link: str) -> str:
        """The text behind a link of an answer. Raises ApiError."""
        return self._answer(operation, self._same_host(link), {}).text

    def pages(self, operation: str, path: str, query: dict[str, str]) -> Iterator[tuple[Any, dt.datetime]]:
        """Follow the links of a collection: only to the same host, and never in a circle."""
        seen: set[str] = set()
        url: httpx.URL | None = self._url(path)
        while url is not None:
            response = self._answer(operation, url, query)
            page = answers.body(response)
            yield page, self._moment(response)
            link = ((page.get("_links") or {}).get("next") or {}).get("href")
            if link in seen:
                raise ApiUnavailable("Constant Contact's pages lead in a circle", advice="this passes")
            seen.add(link or "")
            url, query = (self._same_host(link) if link else None), {}

    def write(self, operation: str, method: str, path: str, body: bytes) -> httpx.Response:
        """A write: sent again only where it was certainly not carried out.

        Raises OutcomeUnknown where no answer, or none that can be read, came: it may have been carried out.
        """
        for attempt in range(_THROTTLED_TRIES):
            try:
                return self._send(operation, method, self._url(path), body=body)
            except answers.Throttled:
                if attempt + 1 == _THROTTLED_TRIES:
                    raise
                self._sleep(_FIRST_PAUSE + self._random() * _FIRST_PAUSE * 2**attempt)
        raise AssertionError("unreachable")

    def _answer(self, operation: str, url: httpx.URL, query: dict[str, str]) -> httpx.Response:
        """A read, tried again while the trouble is one that passes."""
        for attempt in range(_THROTTLED_TRIES):
            try:
                return self._send(operation, "GET", url, query=query)
            except answers.Throttled:
                if attempt + 1 == _THROTTLED_TRIES:
                    raise
            except ApiUnavailable:
                if attempt + 1 >= _TRIES:
                    raise
            self._sleep(_FIRST_PAUSE + self._random() * _FIRST_PAUSE * 2**attempt)
        raise AssertionError("unreachable")

    def _send(
        self,
        operation: str,
        method: str,
        url: httpx.URL,
        *,
        query: dict[str, str] | None = None,
        body: bytes | None = None,
    ) -> httpx.Response:
        """One request; with another token once, where the first is refused: a 401 was certainly not carried out."""
        token = self._access.token()
        try:
            return self._send_with(token, operation, method, url, query=query, body=body)
        except AccessRefused:
            another = self._access.after_refusal(token)
            return self._send_with(another, operation, method, url, query=query, body=body)

    def _send_with(
        self,
        token: Secret,
        operation: str,
        method: str,
        url: httpx.URL,
        *,
        query: dict[str, str] | None,
        body: bytes | None,
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token.reveal()}", "Accept": "application/json, text/csv"}
        headers |= {"Content-Type": "application/json"} if body is not None else {}
        try:
            response = self._http.request(
                method,
                url,
                params=query or None,
                content=body,
                headers=headers,
                timeout=self._http.timeout if body is None else self._write_timeout,
                extensions={"operation": operation},
            )
        except httpx.TransportError as error:
            raise _unreached(error, is_write=body is not None) from error
        if response.is_success and len(response.content) <= _MOST_BYTES:
            if body is None:  # a write that was taken is not in doubt for want of a date
                self._answered_at = self._moment(response)
            return response
        found = answers.trouble(response)
        if body is not None and type(found) is ApiUnavailable:
            raise OutcomeUnknown(str(found)) from None
        raise found

    def _url(self, path: str) -> httpx.URL:
        return self._base.copy_with(raw_path=(self._base.path.rstrip("/") + path).encode())

    def _same_host(self, link: str) -> httpx.URL:
        target = self._base.join(link)
        is_same = (target.scheme, target.host, target.port) == (self._base.scheme, self._base.host, self._base.port)
        if not is_same or not target.path.startswith("/v3/"):
            raise ApiUnavailable("a link of Constant Contact's answer leads elsewhere; it was not followed")
        return target

    def _moment(self, response: httpx.Response) -> dt.datetime:
        try:
            return email.utils.parsedate_to_datetime(response.headers["Date"])
        except (KeyError, ValueError) as error:
            raise ApiUnavailable("Constant Contact's answer has no Date that can be read") from error


def _unreached(error: httpx.TransportError, *, is_write: bool) -> ApiUnavailable:
    """What a broken connection means: a write that may have left is of unknown outcome."""
    what = type(error).__name__
    advice = "this passes; check the network if it does not"
    if is_write and not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
        return OutcomeUnknown(f"no answer came to an import ({what})", advice=advice)
    return ApiUnavailable(f"Constant Contact can't be reached ({what})", advice=advice)
