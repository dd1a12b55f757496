"""The simulated provider as a whole: a request comes in, an answer goes out. It knows no sockets."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.simulator import consent_page, device_page, people, permissions, routes
from reconciler.simulator.answers import Answer, Refused, Request
from reconciler.simulator.api import Call
from reconciler.simulator.clock import Clock, stamp
from reconciler.simulator.codes import Codes
from reconciler.simulator.devices import Devices
from reconciler.simulator.faults import RESET, Faults
from reconciler.simulator.history import History, whom
from reconciler.simulator.limits import Limits
from reconciler.simulator.oauth import OAuth
from reconciler.simulator.state import Account
from reconciler.simulator.tokens import Tokens

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.simulator.switches import Switches


@dataclass(frozen=True)
class Beginning:
    """What a simulator begins with, and comes back to."""

    seed: str
    token_seed: str
    contacts: int
    switches: Switches
    at: float
    """When, so that a reset brings back the very same tokens."""


class Provider:
    """The account, its limits, its faults and its memory, behind one lock."""

    def __init__(self, beginning: Beginning) -> None:
        self.lock = threading.RLock()
        self._beginning = beginning
        self.reset()

    def reset(self) -> None:
        """Begin anew, with the same tokens and ids as before."""
        begin = self._beginning
        self.clock, self.faults, self.limits, self.history = Clock(), Faults(), Limits(), History()
        self.switches = begin.switches
        self.tokens, self.devices = Tokens(begin.token_seed, begin.at, begin.switches), Devices(begin.token_seed)
        self.codes = Codes(begin.token_seed)
        self.oauth = OAuth(self.tokens, self.devices, self.codes)
        self.account = Account(begin.seed, begin.switches)
        people.fill(self.account, begin.contacts)

    def turn(self, changes: Mapping[str, object]) -> None:
        """Turn switches; ValueError where one doesn't fit, and then none is turned."""
        self.switches = self.switches.turned(changes)
        self.account.turn(self.switches)

    def answer(self, request: Request) -> Answer:
        """Answer a request of the API's paths."""
        route = routes.find(request.method, request.path)
        if route.operation in routes.PAGES.values():  # a person's, so not in the history
            with self.lock:
                return self._page(route.operation, request)
        with self.lock:
            fault = self.faults.take(route.operation)
        if fault and fault.delay:
            time.sleep(fault.delay)
        with self.lock:
            real = self._work(route, request) if fault is None or fault.does_work else None
            answer = fault.answer(real) if fault else real or Answer(500)
            self.history.add(self._entry(request, route.operation, answer.status))
        return answer

    def breaks_off(self, method: str, path: str) -> bool:
        """Say whether to reset the connection before the request's body is read."""
        route = routes.find(method, path)
        with self.lock:
            fault = self.faults.next(route.operation)
            if fault is None or fault.kind != RESET:
                return False
            self.faults.take(route.operation)
            self.history.add(self._entry(Request(method, path, "", {}, b""), route.operation, 0))
            return True

    def settle(self) -> float:
        """Bring the account up to now."""
        now = self.clock.now()
        self.account.settle(now)
        return now

    def _work(self, route: routes.Route, request: Request) -> Answer:
        now = self.settle()
        try:
            if route.operation == routes.TOKEN:
                return self.oauth.token(request, now, self.switches)
            if route.operation == routes.DEVICE:
                return self.oauth.authorize_device(request, now, self.switches)
            permissions.check(route.operation, self.tokens.check(request, now), self.switches)
            self.limits.spend(now, self.switches)
            return route.handler(Call(self.account, now, request, route.identifier))
        except Refused as refused:
            return refused.answer

    def _page(self, operation: str, request: Request) -> Answer:
        now = self.settle()
        if operation == routes.ACTIVATE:
            return device_page.answer(self.devices, request, now)
        application = consent_page.Application(self.tokens.api_key, bool(self.switches.client_secret))
        return consent_page.answer(self.codes, request, now, application)

    def _entry(self, request: Request, operation: str, status: int) -> dict[str, object]:
        entry: dict[str, object] = {
            "at": stamp(self.clock.now()),
            "method": request.method,
            "path": request.path,
        }
        entry |= {
            "query": request.query,
            "operation": operation,
            "status": status,
            "bytes": len(request.body),
        }
        return entry | whom(operation, request)
