"""The console as a web application: requests into words, answers into bytes. All the rest is below."""

from __future__ import annotations

import asyncio
import base64
import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, assert_never
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Mount
from starlette.routing import Route as Address
from starlette.staticfiles import StaticFiles

from reconciler.console import dispatch, keys, rendering, sessions
from reconciler.console.answers import Download, Elsewhere, Page
from reconciler.console.asked import Asked
from reconciler.console.guarded import Guarded
from reconciler.console.routes import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.requests import Request
    from starlette.types import ASGIApp

    from reconciler.console.answers import Answer
    from reconciler.console.desk import Desk
    from reconciler.console.routes import OpenRoute, Route
    from reconciler.console.sessions import Session

#: More than a form with a pasted token or some thousands of contact ids has.
_MOST_BYTES: Final = 500_000
_FORM_SECONDS: Final = 20
#: Of a network address, more than one has.
_MOST_LETTERS: Final = 60
_JSON: Final = ".json"
_NOT_FOUND: Final = 404


def application(desk: Desk, routes: Sequence[Route], open_routes: Sequence[OpenRoute]) -> ASGIApp:
    """The web application with these pages."""
    static = Mount("/static", StaticFiles(directory=Path(__file__).parent / "static"))
    addresses = [address for route in routes for address in _addresses(desk, route)]
    opened = [
        Address(route.path, _endpoint(desk, functools.partial(_respond_open, desk, route)), methods=[route.method])
        for route in open_routes
    ]
    handlers: dict[Any, Any] = {HTTPException: functools.partial(_nothing_there, desk), Exception: _failed}
    app = Starlette(routes=[*opened, *addresses, static], exception_handlers=handlers)
    # It would lead to http where a proxy ends TLS.
    app.router.redirect_slashes = False
    return Guarded(app, desk)


def _addresses(desk: Desk, route: Route) -> list[Address]:
    """A route's addresses: those with `.json` come first, because a name may have dots."""
    paths = [route.path]
    if route.method == "GET" and route.has_json:
        paths.insert(0, f"{route.path.rstrip('/') or '/index'}{_JSON}")
    respond = functools.partial(_respond, desk, route)
    return [
        Address(path, _endpoint(desk, respond, wants_json=path.endswith(_JSON)), methods=[route.method])
        for path in paths
    ]


def _endpoint(desk: Desk, respond: Callable[[Asked], Response], *, wants_json: bool = False) -> Any:
    async def endpoint(request: Request) -> Response:
        form = await _form(request) if request.method == "POST" else {}
        if form is None:
            told = "The form is too large, or came too slowly."
            return _response(desk, dispatch.page_of_trouble(request.state.request_id, 413, told, ""), None)
        return await run_in_threadpool(respond, _asked(desk, request, form, wants_json=wants_json))

    return endpoint


def _respond_open(desk: Desk, route: OpenRoute, asked: Asked) -> Response:
    try:
        reply = route.handler(desk, asked)
    except Exception as error:  # noqa: BLE001 - nobody shall have to read a traceback
        reply = Reply(dispatch.trouble(asked, error))
    response = _response(desk, reply.answer, None, wants_json=False)
    if reply.new_cookie is not None:
        _set_cookie(response, reply.new_cookie)
    if reply.drops_cookie:
        response.delete_cookie(sessions.COOKIE, secure=True, httponly=True, samesite="lax")
    return response


def _nothing_there(desk: Desk, request: Request, error: Exception) -> Response:
    """An address or a method that is not there; with the number of the request, as every trouble."""
    status = error.status_code if isinstance(error, HTTPException) else 404
    told = "There is nothing at this address." if status == _NOT_FOUND else "This can't be asked of this address."
    page = dispatch.page_of_trouble(request.state.request_id, status, told, "")
    response = _response(desk, page, None, wants_json=request.url.path.endswith(_JSON))
    response.headers.update(getattr(error, "headers", None) or {})
    return response


def _failed(request: Request, _: Exception) -> Response:
    """The last resort, for what not even the page of a trouble can be made of; the log line is written further out."""
    return PlainTextResponse(f"Something went wrong: {request.state.request_id}", 500)


def _respond(desk: Desk, route: Route, asked: Asked) -> Response:
    answer, session = dispatch.answer(desk, route, asked)
    response = _response(desk, answer, session, wants_json=asked.wants_json)
    if session is not None and session.new_cookie is not None:
        _set_cookie(response, session.new_cookie)
    return response


def _set_cookie(response: Response, cookie: str) -> None:
    # Lax: with Strict the return from Constant Contact's sign-in would come without it.
    response.set_cookie(sessions.COOKIE, cookie, secure=True, httponly=True, samesite="lax")


def _response(desk: Desk, answer: Answer, session: Session | None, *, wants_json: bool = False) -> Response:
    match answer:
        case Page() if wants_json:
            return Response(rendering.as_json(answer), answer.status, media_type="application/json")
        case Page():
            person, token = (session.person, session.form_token) if session else (None, "")
            once = base64.urlsafe_b64encode(desk.random_bytes(18)).decode()
            notice = keys.trouble(desk.here) if person else None
            return Response(rendering.html(answer, person, token, once, notice), answer.status, media_type="text/html")
        case Elsewhere():
            return RedirectResponse(answer.to, 303)
        case Download():
            headers = {"Content-Disposition": f'attachment; filename="{answer.name}"'}
            return StreamingResponse(answer.parts, media_type=answer.media_type, headers=headers)
        case _:
            assert_never(answer)


async def _form(request: Request) -> dict[str, str] | None:
    """What a form has, the last value of each name; None where it is too large, or too slow."""
    body = b""
    try:
        async with asyncio.timeout(_FORM_SECONDS):
            async for part in request.stream():
                body += part
                if len(body) > _MOST_BYTES:
                    return None
    except TimeoutError:
        return None
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def _asked(desk: Desk, request: Request, form: dict[str, str], *, wants_json: bool) -> Asked:
    return Asked(
        method=request.method,
        path=request.url.path,
        wants_json=wants_json,
        query=dict(request.query_params),
        form=form,
        # One that came twice is none that is good: nobody chooses which of them counts.
        headers={name: ", ".join(request.headers.getlist(name)) for name in request.headers},
        cookies=request.cookies,
        place=_place(desk, request),
        request_id=request.state.request_id,
        names=dict(request.path_params),
    )


def _place(desk: Desk, request: Request) -> str:
    """The network address that a request came from; through a proxy that is trusted, the one that the proxy saw."""
    forwarded = request.headers.getlist("x-forwarded-for")
    if desk.proxy is not None and forwarded:
        return forwarded[-1].rpartition(",")[2].strip()[:_MOST_LETTERS]
    return request.client.host if request.client else ""
