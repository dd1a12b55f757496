"""What goes over the wire: requests as they came, answers as they go."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs

JsonObject = Mapping[str, object]

VALIDATION = "contacts.api.validation.error"
NOT_FOUND = "contacts.api.not_found"


@dataclass(frozen=True)
class Request:
    """A request as it came."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes


@dataclass(frozen=True)
class Answer:
    """An answer, and how much of it gets through."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    delivered: bool = True
    """False: the connection is closed instead of answering."""
    drip_seconds: float = 0.0
    """More: the body comes byte by byte, each after so many seconds."""
    complete: bool = True
    """False: the connection breaks in the middle of the body."""


class Refused(Exception):
    """The API says no, with this answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def as_json(value: object, status: int = 200) -> Answer:
    """Answer with JSON."""
    return Answer(status, json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode())


def error_list(status: int, key: str, message: str) -> Answer:
    """Answer with the array that most errors of the API are (contract: APIErrorSchema)."""
    return as_json([{"error_key": key, "error_message": message}], status)


def error_object(status: int, key: str, message: str) -> Answer:
    """Answer with the single object that the gateway before the API sends."""
    return as_json({"error_key": key, "error_message": message}, status)


def invalid(message: str) -> Refused:
    """Refuse a request for what it says."""
    return Refused(error_list(400, VALIDATION, message))


def missing(message: str) -> Refused:
    """Refuse a request for what isn't there."""
    return Refused(error_list(404, NOT_FOUND, message))


def form_fields(text: str) -> dict[str, str]:
    """Read a form, or a query; of a name that comes twice the last is meant."""
    return {name: values[-1] for name, values in parse_qs(text).items()}


def form_of(request: Request) -> dict[str, str]:
    """Read the body as a form."""
    return form_fields(request.body.decode(errors="replace"))


def json_object(request: Request) -> dict[str, object]:
    """Read the body as one JSON object; 415 for another type of content, 400 for anything else."""
    if not request.headers.get("content-type", "").lower().startswith("application/json"):
        raise Refused(error_list(415, "contacts.api.unsupported_media_type", "Content-Type must be application/json."))
    try:
        value = json.loads(request.body)
    except ValueError:
        raise invalid("The request body is not valid JSON.") from None
    if not isinstance(value, dict):
        raise invalid("The request body must be an object.")
    return value


def text_list(body: JsonObject, name: str, most: int) -> tuple[str, ...]:
    """Read an optional array of texts; absent is empty."""
    value = body.get(name) or []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise invalid(f"{name} must be an array of strings.")
    if len(value) > most:
        raise invalid(f"{name} may have at most {most} items.")
    return tuple(value)
