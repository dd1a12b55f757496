"""One person: why they are on the list, or why not, in six steps; and syncing just them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reconciler import contact_story, explain_page
from reconciler.console import references
from reconciler.console.access import Role
from reconciler.console.actions import address
from reconciler.console.answers import Elsewhere, Page
from reconciler.console.routes import Route
from reconciler.errors import UsageError
from reconciler.ledger import stories

if TYPE_CHECKING:
    from reconciler.console.answers import Answer
    from reconciler.console.desk import Visit


def ask(visit: Visit) -> Answer:
    """Whom to look for."""
    return _search(visit)


def search(visit: Visit) -> Answer:
    """By a form, so that no address stands in the page's address; a contact has one of its own."""
    if not visit.form.get("who", "").strip():
        return _search(visit, "Say an e-mail address, or the CRM's id of a contact.")
    keys, mine = references.keys_of(visit), visit.connection.connection_id
    who, ids = references.looked_for(visit)
    with visit.ledger.transaction() as tx:
        contact = stories.contact(tx, mine, ids[0]) if ids else None
    named = "" if contact is None else references.reference(contact.contact_id, contact.address, keys)
    return Elsewhere(references.address(visit.connection.name, named)) if named else _story(visit, who, "")


def contact(visit: Visit) -> Answer:
    """The story of the contact that the address names."""
    reference = visit.names["who"]
    with visit.ledger.transaction() as tx:
        contact_id = references.resolved(tx, visit.connection.connection_id, reference)
    if contact_id is None:
        raise UsageError(
            f"there is no such contact in {visit.connection.name} any more",
            advice="look for it by its id or its address",
        )
    return _story(visit, contact_id, reference)


def _story(visit: Visit, who: str, reference: str) -> Page:
    connection = visit.connection
    story = contact_story.story(visit.ledger, references.keys_of(visit), connection, who)
    content = explain_page.to_json(story, unmasked=False)
    is_there = reference and story.contact_id is not None
    may_sync = is_there and visit.role >= Role.OPERATOR and connection.held_at is None
    here = references.address(connection.name, reference)
    form = {
        "connection": connection.name,
        "back": address(connection.name),
        "json": f"{here}.json" if reference else "",
        "sync": f"{here}/sync" if may_sync else "",
    }
    return Page("contact.html", f"{connection.name}: one person", content, form=form)


def _search(visit: Visit, error: str = "") -> Page:
    content = {"connection": visit.connection.name}
    return Page(
        "contacts.html", f"{visit.connection.name}: find a person", content, 400 if error else 200, {"error": error}
    )


ROUTES: Final = (
    Route("GET", "/connections/{name}/contacts", Role.VIEWER, ask),
    Route("POST", "/connections/{name}/contacts", Role.VIEWER, search),
    Route("GET", "/connections/{name}/contacts/{who:path}", Role.VIEWER, contact),
)
