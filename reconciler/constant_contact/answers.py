"""What an answer means: each status and body by its class. Constant Contact's own words are kept, redacted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from reconciler.constant_contact.packed import Packed
from reconciler.errors import (
    AccessRefused,
    ApiError,
    ApiRefused,
    ApiUnavailable,
    Conflict,
    DailyLimitReached,
    Forbidden,
    NotFound,
    QueueFull,
    Throttled,
)
from reconciler.redaction import redacted

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

_PASSES: Final = "this passes; if it does not, look at status.constantcontact.com"
#: Longer than this nobody waits for what `Retry-After` says; Constant Contact documents no such header.
_MOST_PATIENCE: Final = 60.0
#: In bytes. A longer answer with a good status is what was asked for, and need not be taken apart twice.
_LONGEST_ERROR: Final = 20_000
_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
#: What an error with a good status stands for, by a word of its `error_key`.
_STATUS_OF: Final = {
    "unauthorized": 401,
    "forbidden": 403,
    "not_found": 404,
    "conflict": 409,
    "validation": 400,
    "throttled": 429,
    "quota_exceeded": 429,
}
#: What a 403 is about, by words of its text, and what there is to do. The documentation names these three causes.
_FORBIDDEN: Final = (
    (
        ("scope",),
        "the token lacks a scope",
        "get a token with the scopes contact_data, account_read and offline_access, and connect again",
    ),
    (
        ("privilege", "permission", "role"),
        "the user who gave access lacks a privilege",
        "let a user who may write contacts, such as the account's owner, give access, and connect again",
    ),
    (
        ("application", "deactivat", "inactive", "disabled", "client"),
        "the application is off",
        "look at My Applications in Constant Contact's developer portal",
    ),
)


def body(response: httpx.Response) -> Any:
    """The JSON of a good answer. Raises ApiUnavailable where a good status carries something else."""
    wrong = ApiUnavailable(
        f"Constant Contact answered {response.status_code} with something that is not JSON", advice=_PASSES
    )
    if "json" not in response.headers.get("Content-Type", "json").lower():
        raise wrong
    try:
        return response.json()
    except ValueError as error:
        raise wrong from error


def properties(response: httpx.Response) -> dict[str, Any]:
    """The JSON object of a good answer. Raises ApiUnavailable where a good status carries something else."""
    found = body(response)
    if not isinstance(found, dict):
        raise ApiUnavailable(
            f"Constant Contact answered {response.status_code} with JSON that is no object", advice=_PASSES
        )
    return found


def having(name: str) -> Callable[[httpx.Response], dict[str, Any]]:
    """Reads a page of a collection. Raises ApiUnavailable where it does not have it, or its links can't be read."""

    def understood(response: httpx.Response) -> dict[str, Any]:
        page = properties(response)
        link = next_link(page)
        if not isinstance(page.get(name), list) or not isinstance(link, str | None):
            raise ApiUnavailable(
                f"Constant Contact answered {response.status_code} without the {name} it was asked for", advice=_PASSES
            )
        return page

    return understood


def items(page: dict[str, Any], name: str) -> list[Any]:
    found: list[Any] = page[name]
    return found


def next_link(page: dict[str, Any]) -> Any:
    """Where the next page is; None on the last one, which has no `_links`, or null, or empty ones."""
    links = page.get("_links")
    following = links.get("next") if isinstance(links, dict) else links
    return following.get("href") if isinstance(following, dict) else following


def count(page: dict[str, Any], name: str) -> int | None:
    """How many there are on all pages of a collection, where that was asked for and is told."""
    found = page.get(f"{name}_count")
    return found if isinstance(found, int) else None


def file(response: httpx.Response) -> Packed:
    """A good answer that is a file. Raises ApiUnavailable where it is a page for people."""
    if "html" in response.headers.get("Content-Type", "").lower():
        raise ApiUnavailable(
            f"Constant Contact answered {response.status_code} with a page instead of a file", advice=_PASSES
        )
    found: Packed = response.extensions.get("file") or Packed([response.content])
    return found


def disguised(response: httpx.Response) -> ApiError | None:
    """The error in a body that came with a good status, if it is one."""
    if (first := _first_error(_json(response))) is None:
        return None
    key = str(first.get("error_key") or first.get("error")).lower()
    said = words(response)
    status = next((status for word, status in _STATUS_OF.items() if word in key), None)
    if status is not None:
        return _trouble(status, said, response)
    return ApiUnavailable(f"Constant Contact answered {response.status_code} with an error: {said}", advice=_PASSES)


def trouble(response: httpx.Response) -> ApiError:
    """The error that a bad answer stands for."""
    return _trouble(response.status_code, words(response), response)


def words(response: httpx.Response) -> str:
    """What the body says, whichever form it has: object, array, `{message}`, `{error, ...}`, HTML or nothing."""
    try:
        content = response.json()
    except ValueError:
        return "no reason given" if not response.text.strip() else "an answer that is not JSON"
    parts = content if isinstance(content, list) else [content]
    return redacted("; ".join(filter(None, map(_sentence, parts)))) or "no reason given"


def _trouble(status: int, said: str, response: httpx.Response) -> ApiError:  # noqa: PLR0911 - one return a class of answers is the point
    match status:
        case 401:
            return AccessRefused(
                f"Constant Contact refused the access token: {said}",
                advice="connect again with a new token: `reconciler connect NAME`",
            )
        case 403:
            return _forbidden(said)
        case 404:
            return NotFound(
                f"Constant Contact does not have what was asked for: {said}",
                advice="run it again; if that does not help, connect again",
            )
        case 409:
            return _conflict(said, _id_in(response.text))
        case 429:
            return _too_many(said, response)
        case status if 300 <= status < 400:  # noqa: PLR2004 - a redirect by its definition
            return ApiUnavailable(
                f"Constant Contact's API sends us elsewhere ({status}); that was not followed",
                advice="this passes; if it does not, look whether a proxy or firewall stands in between, and at "
                "RECONCILER_API_URL",
            )
        case status if status >= 500:  # noqa: PLR2004 - the server's trouble by its definition
            return _patient(
                ApiUnavailable(
                    f"Constant Contact is in trouble ({status}): {said}",
                    advice="this passes; look at status.constantcontact.com",
                ),
                response,
            )
        case status:
            return ApiRefused(
                f"Constant Contact refused the request ({status}): {said}",
                advice="read what it says; `reconciler run NAME` tries again",
            )


def _too_many(said: str, response: httpx.Response) -> ApiError:
    """Three limits answer 429: the day's, the queue's, and that of a second."""
    lower = said.lower()
    if "queue" in lower:
        return QueueFull(
            f"Constant Contact's queue of bulk activities is full: {said}",
            advice="nothing to do: what is left goes when the queue is shorter",
        )
    # The `error_key` says so, else the documented words "Limit Exceeded".
    if "quota" in lower or ("limit exceeded" in lower and "thrott" not in lower and "rate" not in lower):
        return DailyLimitReached(f"Constant Contact's daily limit is reached: {said}")
    told = Throttled(
        f"Constant Contact says that we ask too often: {said}",
        advice="this passes; if it does not, another program uses the same API key",
    )
    return _patient(told, response)


def _conflict(said: str, member_id: str | None) -> Conflict:
    """Documentation has two: an address that another contact has, and simultaneous edits of one thing."""
    if member_id is None and not any(word in said.lower() for word in ("email", "address")):
        return Conflict(
            f"Constant Contact says that this is in conflict with something else there: {said}",
            advice="read what it says; `reconciler run NAME` tries again",
        )
    return Conflict(
        f"Constant Contact has another contact with this address: {said}",
        advice="look at both contacts in Constant Contact",
        member_id=member_id,
    )


def _forbidden(said: str) -> Forbidden:
    for needles, what, advice in _FORBIDDEN:
        if any(needle in said.lower() for needle in needles):
            return Forbidden(f"Constant Contact forbids this, because {what}: {said}", advice=advice)
    return Forbidden(
        f"Constant Contact forbids this: {said}",
        advice="the token needs the scopes contact_data and account_read, its user the privilege to write "
        "contacts, and the application must be active",
    )


def _patient(error: ApiUnavailable, response: httpx.Response) -> ApiUnavailable:
    asked = response.headers.get("Retry-After", "")
    if asked.isascii() and asked.isdecimal():
        error.patience = min(float(asked), _MOST_PATIENCE)
    return error


def _id_in(said: str) -> str | None:
    """The contact's id in the words of a conflict; it stands nowhere else (Constant Contact's forum, thread 342569)."""
    found = _ID.search(said)
    return found and found.group().lower()


def _first_error(content: Any) -> dict[str, Any] | None:
    parts = content if isinstance(content, list) else [content]
    return next((part for part in parts if isinstance(part, dict) and ("error_key" in part or "error" in part)), None)


def _json(response: httpx.Response) -> Any:
    """What the body is as JSON, if it begins as an error may; a file is not taken apart for it."""
    content = response.content
    if len(content) > _LONGEST_ERROR or content[:64].lstrip()[:1] not in (b"{", b"["):
        return None
    try:
        return response.json()
    except ValueError:
        return None


def _sentence(part: Any) -> str:
    if not isinstance(part, dict):
        return "" if part is None else str(part)
    keys = ("error_key", "error_message", "error", "error_description", "message")
    return ": ".join(str(part[key]) for key in keys if part.get(key))
