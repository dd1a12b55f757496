"""Whether a form was sent from a page of this console. Pure."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from reconciler.console.asked import Asked


def suspicion(asked: Asked, address: str, form_token: str) -> str | None:
    """Why a POST is not believed; None: it was sent from a page of the console at `address`, in the same session."""
    why = from_elsewhere(asked, address)
    if why is None and not hmac.compare_digest(asked.form.get("form_token", "").encode(), form_token.encode()):
        return "it has not the token of its session"
    return why


def from_elsewhere(asked: Asked, address: str) -> str | None:
    """Why a POST seems to come from another site, or from no page at all; None: from a page of the console.

    The request's host is known to be the console's own when this is asked.
    """
    origin, site = asked.headers.get("origin"), asked.headers.get("sec-fetch-site")
    ours = {address, f"{urlsplit(address).scheme}://{asked.headers.get('host', '')}"}
    if origin is not None and origin not in ours:
        return "its origin is another one"
    if site is not None and site != "same-origin":
        return "it came from another site"
    return "nothing says where it came from" if origin is None and site is None else None
