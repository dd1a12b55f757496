"""One request to the OAuth server: with the application's proof, and given up after its whole time."""

from __future__ import annotations

import queue
import threading
import urllib.parse
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from reconciler.credentials import Application
    from reconciler.secret import Secret

#: The whole of a request, with what looking up the name takes: an account's row is locked for so long.
TOTAL_SECONDS: Final = 15.0
_MOST_BYTES: Final = 100_000
_SECRET: Final = ("refresh_token", "device_code", "code", "code_verifier")
#: What is shorter is no secret of theirs, and could be a part of any word.
_SHORTEST: Final = 6


@dataclass(frozen=True, slots=True)
class TokenEndpoint:
    """Where tokens are asked for."""

    url: str
    transport: httpx.BaseTransport | None
    total_seconds: float

    def post(self, path: str, application: Application, form: Mapping[str, str]) -> httpx.Response:
        """Send a form and give the answer, whatever its status. A redirect is not followed.

        The API key goes by HTTP Basic with its secret, else in the body, never both: two are refused
        (developer.constantcontact.com/api_guide/server_flow). Raises httpx.TransportError.
        """
        key, secret = application.api_key, application.client_secret
        auth = None if secret is None else httpx.BasicAuth(_encoded(key), _encoded(secret))
        sent = dict(form) if secret is not None else {"client_id": key.reveal(), **form}
        timeout = httpx.Timeout(self.total_seconds, connect=self.total_seconds / 2)
        headers = {"Accept": "application/json"}

        def post() -> httpx.Response:
            with (
                httpx.Client(transport=self.transport, timeout=timeout, follow_redirects=False) as http,
                http.stream("POST", self.url.rstrip("/") + path, data=sent, auth=auth, headers=headers) as response,
            ):
                return _read(response)

        answer = _within(self.total_seconds, post)
        secrets = [text for name, text in form.items() if name in _SECRET] + ([secret.reveal()] if secret else [])
        return answer if answer.is_success else _without(answer, secrets)


def _encoded(secret: Secret) -> str:
    """As a form's value: so it goes into Basic authentication too (RFC 6749, 2.3.1)."""
    return urllib.parse.quote_plus(secret.reveal())


def _read(response: httpx.Response) -> httpx.Response:
    """The answer with its body, which no token's is longer than."""
    content = bytearray()
    for part in response.iter_bytes():
        content += part
        if len(content) > _MOST_BYTES:
            raise httpx.RemoteProtocolError("the answer is too long")
    return httpx.Response(response.status_code, content=bytes(content))


def _without(answer: httpx.Response, secrets: Iterable[str]) -> httpx.Response:
    """A refusal without what was sent, should it repeat that: its words are kept and shown."""
    content = answer.content
    for text in (each for each in secrets if len(each) >= _SHORTEST):
        for form in (text, urllib.parse.quote_plus(text), text.replace("/", "\\/")):
            content = content.replace(form.encode(), b"***")
    return httpx.Response(answer.status_code, content=content)


def _within(seconds: float, do: Callable[[], httpx.Response]) -> httpx.Response:
    """Give up after the whole time: a client's own timeouts begin anew with every byte, and know nothing of names.

    Raises httpx.ReadTimeout; what was given up goes on in its own thread until it fails by itself.
    """
    done: queue.SimpleQueue[httpx.Response | BaseException] = queue.SimpleQueue()

    def work() -> None:
        try:
            done.put(do())
        except BaseException as error:  # noqa: BLE001 - it is raised again where it was asked for
            done.put(error)

    threading.Thread(target=work, name="token", daemon=True).start()
    try:
        found = done.get(timeout=seconds)
    except queue.Empty:
        raise httpx.ReadTimeout("the whole time has gone by") from None
    if isinstance(found, BaseException):
        raise found
    return found
