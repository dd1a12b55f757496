"""Signing in at another screen: an address and a code are shown, and somebody consents there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reconciler.constant_contact.oauth import Pair
from reconciler.credentials import Credentials
from reconciler.errors import AccessRefused, ApiUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.constant_contact.oauth import DeviceCode, OAuth
    from reconciler.credentials import Application

#: What the standard adds to the pause when it is asked for (RFC 8628, 3.5).
_SLOWER_SECONDS: Final = 5.0


def sign_in(
    oauth: OAuth,
    application: Application,
    show: Callable[[DeviceCode], None],
    *,
    sleep: Callable[[float], None],
    monotonic: Callable[[], float],
) -> Credentials:
    """Wait until somebody has consented. Nothing is stored here.

    Raises AccessRefused where they said no or let the code grow too old, ApiUnavailable where no code can be had.
    """
    sleep(oauth.slot())
    code = oauth.start(application)
    show(code)
    pause, until = code.interval, monotonic() + code.seconds
    while monotonic() < until:
        sleep(max(pause, oauth.slot()))
        try:
            answer = oauth.poll(application, code)
        except ApiUnavailable:  # it is asked again while the code is good (RFC 8628, 3.5)
            pause += _SLOWER_SECONDS
            continue
        if isinstance(answer, Pair):
            return Credentials(
                application.api_key,
                answer.access_token,
                answer.refresh_token,
                application.client_secret,
                answer.seconds,
            )
        pause += _SLOWER_SECONDS if answer.slower else 0.0
    raise AccessRefused("the code was not used in time", advice="say `reconciler connect NAME --device` again")
