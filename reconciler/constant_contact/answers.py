"""What an answer means: each status and body by its class. Constant Contact's own words are kept, redacted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from reconciler.errors import (
    AccessRefused,
    ApiError,
    ApiRefused,
    ApiUnavailable,
    DailyLimitReached,
    Forbidden,
    NotFound,
)
from reconciler.redaction import redacted

if TYPE_CHECKING:
    import httpx

_SERVER_TROUBLE = 500


class Throttled(ApiUnavailable):
    """Too many requests a second, or too many queued activities: the request was not carried out."""


def body(response: httpx.Response) -> Any:
    """The JSON of a good answer. Raises ApiUnavailable where a good status carries something else."""
    try:
        return response.json()
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ApiUnavailable(
            f"Constant Contact answered {response.status_code} with something that is not JSON",
            advice="this passes; if it does not, look at status.constantcontact.com",
        ) from error


def trouble(response: httpx.Response) -> ApiError:  # noqa: PLR0911 - one return a class of answers is the point
    """The error that a bad answer stands for."""
    said = words(response)
    match response.status_code:
        case 401:
            return AccessRefused(
                f"Constant Contact refused the access token: {said}",
                advice="connect again with a new token: `reconciler connect NAME`",
            )
        case 403:
            return Forbidden(
                f"Constant Contact forbids this: {said}",
                advice="the token needs the scopes contact_data and account_read, its user the privilege to write "
                "contacts, and the application must be active",
            )
        case 404:
            return NotFound(f"Constant Contact does not have it: {said}")
        case 429 if _is_daily(said.lower()):
            return DailyLimitReached(
                f"Constant Contact's daily limit is reached: {said}",
                advice="nothing to do: what is left is pushed after 00:00 UTC",
            )
        case 429:
            return Throttled(f"Constant Contact asks for patience: {said}")
        case status if status >= _SERVER_TROUBLE:
            return ApiUnavailable(
                f"Constant Contact is in trouble ({status}): {said}",
                advice="this passes; look at status.constantcontact.com",
            )
        case status:
            return ApiRefused(f"Constant Contact refused the request ({status}): {said}")


def _is_daily(said: str) -> bool:
    """Whether a 429 means the day: the `error_key` says so, else the documented words "Limit Exceeded"."""
    return "quota_exceeded" in said or ("limit exceeded" in said and "thrott" not in said and "rate" not in said)


def words(response: httpx.Response) -> str:
    """What the body says, whichever form it has: object, array, `{message}`, `{error, ...}`, HTML or nothing."""
    try:
        content = response.json()
    except (json.JSONDecodeError, UnicodeDecodeError):
        return "no reason given" if not response.text.strip() else "an answer that is not JSON"
    parts = content if isinstance(content, list) else [content]
    return redacted("; ".join(filter(None, map(_sentence, parts)))) or "no reason given"


def _sentence(part: Any) -> str:
    if not isinstance(part, dict):
        return "" if part is None else str(part)
    keys = ("error_key", "error_message", "error", "error_description", "message")
    return ": ".join(str(part[key]) for key in keys if part.get(key))
