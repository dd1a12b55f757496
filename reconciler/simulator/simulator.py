"""A simulator as one thing to start and to stop."""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, Self

from reconciler.simulator.provider import Beginning, Provider
from reconciler.simulator.server import Server
from reconciler.simulator.state import NEWSLETTER
from reconciler.simulator.switches import Switches

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.simulator.tokens import Tokens


class Simulator:
    """A simulated Constant Contact account on a real HTTP server.

    It listens from the moment it is made, so that its address is known, and answers from `start` to `stop`.
    The same seed gives the same people and ids; the tokens differ with the port as well.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        contacts: int = 0,
        speed: str = "fast",
        seed: int = 1,
        switches: Mapping[str, object] | None = None,
    ) -> None:
        chosen = Switches.at_speed(speed).turned(switches or {})
        self._server = Server(host, port)
        self._thread: threading.Thread | None = None
        self.url = f"http://{host}:{self._server.server_port}"
        self.api_url = f"{self.url}/v3"
        self.auth_url = f"{self.url}/oauth2/default/v1"
        self._provider = Provider(
            Beginning(str(seed), f"{seed}:{self._server.server_port}", contacts, chosen, time.time())
        )
        self._server.provider = self._provider
        self.list_id = NEWSLETTER

    @property
    def _tokens(self) -> Tokens:
        return self._provider.tokens

    @property
    def api_key(self) -> str:
        """Say the API key, which is the OAuth client id."""
        return self._tokens.api_key

    @property
    def access_token(self) -> str:
        """Say the access token that was issued last."""
        return self._tokens.access_token

    @property
    def refresh_token(self) -> str:
        """Say the refresh token that is good now."""
        return self._tokens.refresh_token

    def start(self) -> Self:
        """Answer from now on."""
        self._thread = threading.Thread(target=self._server.run, name="simulator", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Hang up, and free the port."""
        if self._thread is None:
            self._server.server_close()
            return
        self._server.close()
        self._thread.join()
        self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def described(self) -> dict[str, str]:
        """Say what a client has to know."""
        names = ("url", "api_url", "auth_url", "api_key", "access_token", "refresh_token", "list_id")
        return {name: getattr(self, name) for name in names}


class _StoppedEarly(BaseException):  # as KeyboardInterrupt: nobody on its way catches it
    """Somebody stopped it before it was there."""


def serve(
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    contacts: int = 0,
    speed: str = "fast",
    seed: int = 1,
    switches: Mapping[str, object] | None = None,
) -> None:
    """Run a simulator until SIGINT or SIGTERM, after one JSON line on stdout that describes it."""
    over, is_made = threading.Event(), False

    def stop(*_: object) -> None:
        over.set()
        if not is_made:  # making up many people takes minutes
            raise _StoppedEarly

    before = {each: signal.signal(each, stop) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        made = Simulator(host=host, port=port, contacts=contacts, speed=speed, seed=seed, switches=switches)
        is_made = True
        with made as simulator:
            sys.stdout.write(json.dumps(simulator.described()) + "\n")
            sys.stdout.flush()
            over.wait()
    except _StoppedEarly:
        pass
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
