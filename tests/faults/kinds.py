"""The kinds of trouble that one request can meet, each at the n-th request of a run."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pytest

    from tests.faults.worlds import World

#: As many requests as no run makes.
ALWAYS = 100_000


@dataclass(frozen=True)
class Kind:
    """A kind of trouble: one that the simulator makes, or one in which no request gets there."""

    name: str
    fault: Mapping[str, object] | None = None
    raises: type[httpx.RequestError] | None = None
    #: How long after the client gave it up the request may still be carried out, in seconds.
    tail: float = 0.0

    def happens(self, world: World, at: int, times: int, patch: pytest.MonkeyPatch) -> None:
        """Let it happen at the n-th request from now on, and at so many after it."""
        if self.fault is not None:
            world.api.door.fault(operation="*", skip=at - 1, times=times, **self.fault)
        else:
            usual, is_hit = httpx.HTTPTransport.handle_request, self._is_hit(at, times)
            send = functools.partialmethod(_unreached, usual, [0], is_hit, self)
            patch.setattr(httpx.HTTPTransport, "handle_request", send)

    @staticmethod
    def _is_hit(at: int, times: int) -> Callable[[int], bool]:
        return lambda number: at <= number < at + times


def _unreached(
    transport: httpx.HTTPTransport, send: Any, counted: list[int], is_hit: Callable[[int], bool], kind: Kind, asked: Any
) -> httpx.Response:
    counted[0] += 1
    if is_hit(counted[0]) and kind.raises is not None:
        raise kind.raises("made up", request=asked)
    answer: httpx.Response = send(transport, asked)
    return answer


#: The most that an answer may have are 64 MB.
_HUGE = 62
KINDS = (
    Kind("connection_refused", raises=httpx.ConnectError),
    Kind("connect_timeout", raises=httpx.ConnectTimeout),
    Kind("reset_before_the_request_is_complete", {"fault": "reset_mid_request"}),
    Kind("hung_up_before_the_work", {"fault": "drop_before"}),
    Kind("hung_up_after_the_work", {"fault": "drop_after"}),
    Kind("read_timeout_and_the_work_is_done", {"fault": "slow", "seconds": 1.5}, tail=0.7),
    Kind("truncated_body", {"fault": "truncate"}),
    Kind("success_without_what_was_asked", {"fault": "body", "status": 201, "body": {}}),
    Kind("html_with_success", {"fault": "html", "status": 200}),
    Kind("slow_drip", {"fault": "drip", "seconds": 0.1}),
    Kind("huge_body", {"fault": "huge", "megabytes": _HUGE}),
    Kind("gzip_bomb", {"fault": "gzip_bomb", "megabytes": _HUGE}),
    Kind("redirect", {"fault": "redirect", "status": 307, "location": "http://127.0.0.1:1/elsewhere"}),
    Kind("500", {"fault": "status", "status": 500}),
    Kind("empty_503", {"fault": "empty", "status": 503}),
    Kind("429", {"fault": "status", "status": 429}),
    Kind("401", {"fault": "status", "status": 401}),
)
BY_NAME = {kind.name: kind for kind in KINDS}
#: What can't be got over by asking again goes on until the run has ended; a token is refused once.
LASTING = tuple(kind for kind in KINDS if kind.name != "401")
