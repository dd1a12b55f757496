"""All pages of the console: what is not in this table is nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reconciler.console import (
    actions,
    answering,
    audit,
    card,
    connecting,
    contacts,
    going,
    integrations,
    overview,
    picking,
    progress,
    refused,
    resync,
    rows,
    runs,
    settings_page,
    sign_in_there,
    start,
)

if TYPE_CHECKING:
    from reconciler.console.routes import Route

ROUTES: Final[tuple[Route, ...]] = (
    *overview.ROUTES,
    *runs.ROUTES,
    *progress.ROUTES,
    *rows.ROUTES,
    *contacts.ROUTES,
    *audit.ROUTES,
    *actions.ROUTES,
    *going.ROUTES,
    *resync.ROUTES,
    *answering.ROUTES,
    *refused.ROUTES,
    *integrations.ROUTES,
    *connecting.ROUTES,
    *picking.ROUTES,
    *sign_in_there.ROUTES,
    *start.ROUTES,
    *settings_page.ROUTES,
    *card.ROUTES,
)
