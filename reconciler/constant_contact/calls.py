"""One place asks: every request with its token, its tries, and what its answer means.

A read is tried again when the trouble passes; a write only where it was certainly not carried out.
"""

from __future__ import annotations

import contextlib
import email.utils
import functools
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

import httpx

from reconciler.constant_contact import answers, receiving
from reconciler.constant_contact.budget import Budget
from reconciler.constant_contact.tries import Tries
from reconciler.errors import (
    AccessRefused,
    ApiUnavailable,
    DailyLimitReached,
    Mistake,
    OutcomeUnknown,
    QueueFull,
    Throttled,
    TooLarge,
    Unreached,
)
from reconciler.points import nobody

if TYPE_CHECKING:
    import datetime as dt
    import ssl
    from collections.abc import Callable, Iterator

    from reconciler.constant_contact.budget import Slots
    from reconciler.constant_contact.packed import Packed
    from reconciler.errors import ApiError
    from reconciler.points import Reached
    from reconciler.secret import Secret

_Read = TypeVar("_Read")
#: A read is given up after so long, however slowly its answer comes.
_READ_SECONDS: Final = 120.0
_READS_SECONDS: Final = {"getContactsExport": 900.0}
_CONNECT_SECONDS: Final = 10.0


@functools.cache
def _trusted() -> ssl.SSLContext:
    """The certificates that are trusted, read once a process: reading them takes longer than a request."""
    return httpx.create_ssl_context()


class Access(Protocol):
    """One account's access token, as fresh as it can be had."""

    def token(self) -> Secret:
        """The token to use now. Raises AccessRefused where there is none that could work."""

    def after_refusal(self, refused: Secret) -> Secret | None:
        """Another token than the one that was just refused; None where nobody renews it.

        Raises AccessRefused that says why where it should have been renewed and can't be.
        """


class OneToken:
    """A token that nobody renews."""

    def __init__(self, token: Secret) -> None:
        self._token = token

    def token(self) -> Secret:
        return self._token

    def after_refusal(self, refused: Secret) -> None:
        """There is no other, whichever was refused."""


@dataclass(frozen=True, slots=True)
class Gate:
    """What each request passes. `may_leave` is told for how many seconds it may be under way, and may raise."""

    may_leave: Callable[[float], None] = lambda _: None
    reached: Reached = nobody


_OPEN: Final = Gate()


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
        monotonic: Callable[[], float] = time.monotonic,
        transport: httpx.BaseTransport | None = None,
        gate: Gate = _OPEN,
    ) -> None:
        self._base = httpx.URL(url)
        self._access = access
        self._tries = Tries(sleep, random)
        self._write_seconds = write_seconds
        self._gate = gate
        self._budget = Budget(
            transport or httpx.HTTPTransport(verify=_trusted()),
            slots,
            sleep,
            monotonic,
            self._may_leave,
        )
        self._http = httpx.Client(transport=self._budget, follow_redirects=False)
        self._answered_at: dt.datetime | None = None

    def _may_leave(self, request: httpx.Request) -> None:
        # A read that outlives its lease does no harm.
        self._gate.may_leave(0.0 if request.method == "GET" else self._write_seconds)
        self._gate.reached(f"before {request.extensions['operation']}")

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
        return self._read(operation, self._url(path), query or {}, answers.properties)[0]

    def file(self, operation: str, link: str) -> Packed:
        """The file behind a link of an answer. Raises ApiError; TooLarge where it is larger than any of this API's."""
        return self._read(operation, self._same_host(link), {}, answers.file)[0]

    def items(self, operation: str, path: str, query: dict[str, str], name: str) -> list[Any]:
        """One page of a collection. Raises ApiError, also where the answer does not have it."""
        return answers.items(self._read(operation, self._url(path), query, answers.having(name))[0], name)

    def pages(
        self, operation: str, path: str, query: dict[str, str], name: str
    ) -> Iterator[tuple[list[Any], dt.datetime, int | None]]:
        """Follow the links of a collection: only to the same host, and never in a circle. Says the whole count too.

        A page without the collection is trouble, never an empty one: who is on no page would count as gone.
        """
        seen: set[str] = set()
        url: httpx.URL | None = self._url(path)
        while url is not None:
            page, moment = self._read(operation, url, query, answers.having(name))
            yield answers.items(page, name), moment, answers.count(page, name)
            link = answers.next_link(page)
            if link in seen:
                raise ApiUnavailable("Constant Contact's pages lead in a circle", advice="this passes")
            seen.add(link or "")
            url, query = (self._same_host(link) if link else None), {}

    def write(self, operation: str, method: str, path: str, body: bytes) -> httpx.Response:
        """A write: sent again only where it was certainly not carried out.

        Raises OutcomeUnknown where no answer, or none that can be read, came: it may have been carried out.
        """
        tried = 0
        while True:
            tried += 1
            try:
                return self._send(operation, method, self._url(path), body=body)
            except (Throttled, Unreached) as error:
                self._tries.pause(error, tried)

    def _read(
        self, operation: str, url: httpx.URL, query: dict[str, str], understand: Callable[[httpx.Response], _Read]
    ) -> tuple[_Read, dt.datetime]:
        """A read and Constant Contact's clock, tried again while the trouble is one that passes."""
        tried = 0
        while True:
            tried += 1
            try:
                response = self._send(operation, "GET", url, query=query)
                found, self._answered_at = understand(response), _moment(response)
            except ApiUnavailable as error:
                self._tries.pause(error, tried)
            else:
                return found, self._answered_at

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
            if another is None:
                raise
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
        seconds = _READS_SECONDS.get(operation, _READ_SECONDS) if body is None else self._write_seconds
        request = self._http.build_request(
            method,
            url,
            params=query or None,
            content=body,
            headers=headers,
            timeout=httpx.Timeout(seconds, connect=_CONNECT_SECONDS),
            extensions={"operation": operation, "seconds": seconds},
        )
        response = self._exchange(request, is_write=body is not None)
        self._gate.reached(f"after {operation}")
        receiving.note(operation, response)
        found = answers.disguised(response) if response.is_success else answers.trouble(response)
        if found is None:
            return response
        self._tell_budget(found)
        if body is not None and _may_have_happened(found):
            raise OutcomeUnknown(str(found), advice=found.advice)
        raise found

    def _exchange(self, request: httpx.Request, *, is_write: bool) -> httpx.Response:
        """Send a request, and read its whole answer: no longer than its time, and no more than is good."""
        try:
            with contextlib.closing(self._http.send(request, stream=True)) as response:
                return receiving.received(response)
        except httpx.LocalProtocolError as error:  # ours: it can't be sent as it is, whatever the network does
            raise Mistake.of(error) from error
        except httpx.RequestError as error:
            raise receiving.unreached(error, is_write=is_write) from error
        except TooLarge as error:
            if is_write:
                raise OutcomeUnknown(str(error), advice=error.advice) from error
            raise
        finally:
            self._budget.end_request()

    def _tell_budget(self, found: ApiError) -> None:
        """All processes that share the API key hear that it is too fast, or spent."""
        match found:
            case Throttled():
                self._budget.slow_down()
            case DailyLimitReached():
                self._budget.spend_day()
            case _:
                pass

    def _url(self, path: str) -> httpx.URL:
        return self._base.copy_with(raw_path=(self._base.path.rstrip("/") + path).encode())

    def _same_host(self, link: str) -> httpx.URL:
        target = self._base.join(link)
        is_same = (target.scheme, target.host, target.port) == (self._base.scheme, self._base.host, self._base.port)
        if not is_same or not target.path.startswith("/v3/"):
            raise ApiUnavailable("a link of Constant Contact's answer leads elsewhere; it was not followed")
        return target


def _may_have_happened(found: ApiError) -> bool:
    """Whether a write may have been carried out all the same: trouble that no limit and no refusal explains."""
    return isinstance(found, ApiUnavailable) and not isinstance(found, Throttled | QueueFull)


def _moment(response: httpx.Response) -> dt.datetime:
    try:
        return email.utils.parsedate_to_datetime(response.headers["Date"])
    except (KeyError, ValueError) as error:
        raise ApiUnavailable("Constant Contact's answer has no Date that can be read") from error
