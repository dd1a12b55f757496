"""The console as a web application: requests into words, answers into bytes. All the rest is below."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, assert_never
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Mount
from starlette.routing import Route as Address
from starlette.staticfiles import StaticFiles

from reconciler.console import dispatch, rendering, sessions
from reconciler.console.answers import Download, Elsewhere, Page
from reconciler.console.asked import Asked
from reconciler.console.guarded import Guarded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request

    from reconciler.console.answers import Answer
    from reconciler.console.desk import Desk
    from reconciler.console.routes import Route
    from reconciler.console.sessions import Session

#: More than a form with a pasted token or some thousands of contact ids has.
_MOST_BYTES: Final = 500_000
_JSON: Final = ".json"


def application(desk: Desk, routes: Sequence[Route]) -> Starlette:
    """The web application with these pages."""
    static = Mount("/static", StaticFiles(directory=Path(__file__).parent / "static"))
    addresses = [address for route in routes for address in _addresses(desk, route)]
    return Starlette(routes=[*addresses, static], middleware=[Middleware(Guarded, desk=desk)])


def _addresses(desk: Desk, route: Route) -> list[Address]:
    """A route's addresses: those with `.json` come first, because a name may have dots."""
    paths = [route.path]
    if route.method == "GET" and route.has_json:
        paths.insert(0, f"{route.path.rstrip('/') or '/index'}{_JSON}")
    return [
        Address(path, _endpoint(desk, route, wants_json=path.endswith(_JSON)), methods=[route.method]) for path in paths
    ]


def _endpoint(desk: Desk, route: Route, *, wants_json: bool) -> Any:
    async def endpoint(request: Request) -> Response:
        form = await _form(request) if route.method == "POST" else {}
        if form is None:
            return Response("The form is too large.", 413, media_type="text/plain")
        asked = _asked(request, form, wants_json=wants_json)
        return await run_in_threadpool(_respond, desk, route, asked)

    return endpoint


def _respond(desk: Desk, route: Route, asked: Asked) -> Response:
    answer, session = dispatch.answer(desk, route, asked)
    response = _response(desk, answer, session, wants_json=asked.wants_json)
    if session is not None and session.new_cookie is not None:
        response.set_cookie(sessions.COOKIE, session.new_cookie, secure=True, httponly=True, samesite="lax")
    return response


def _response(desk: Desk, answer: Answer, session: Session | None, *, wants_json: bool) -> Response:
    match answer:
        case Page() if wants_json:
            return Response(rendering.as_json(answer), answer.status, media_type="application/json")
        case Page():
            person, token = (session.person, session.form_token) if session else (None, "")
            once = base64.urlsafe_b64encode(desk.random_bytes(18)).decode()
            return Response(rendering.html(answer, person, token, once), answer.status, media_type="text/html")
        case Elsewhere():
            return RedirectResponse(answer.to, 303)
        case Download():
            headers = {"Content-Disposition": f'attachment; filename="{answer.name}"'}
            return StreamingResponse(answer.parts, media_type=answer.media_type, headers=headers)
        case _:
            assert_never(answer)


async def _form(request: Request) -> dict[str, str] | None:
    """What a form has, the last value of each name; None where it is too large."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _MOST_BYTES:
            return None
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def _asked(request: Request, form: dict[str, str], *, wants_json: bool) -> Asked:
    return Asked(
        method=request.method,
        path=request.url.path,
        wants_json=wants_json,
        query=dict(request.query_params),
        form=form,
        headers={name.lower(): value for name, value in request.headers.items()},
        cookies=request.cookies,
        place=request.client.host if request.client else "",
        request_id=request.state.request_id,
        names=dict(request.path_params),
    )
