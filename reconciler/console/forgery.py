"""Whether a form was sent from a page of this console. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.console.asked import Asked


def suspicion(asked: Asked, address: str, form_token: str) -> str | None:
    """Why a POST is not believed; None: it was sent from a page of the console at `address`, in the same session."""
    raise NotImplementedError
