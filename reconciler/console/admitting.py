"""What follows once there is a token: the account's lists to choose from; or, connecting again, the connection."""

from __future__ import annotations

import contextlib
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from reconciler import checks, connections, token_end
from reconciler.connections import Wish
from reconciler.console import drafts
from reconciler.console.access import Role
from reconciler.console.actions import address
from reconciler.console.answers import Elsewhere
from reconciler.errors import UsageError
from reconciler.ledger import connections as stored

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.connections import Doors
    from reconciler.console.desk import Visit
    from reconciler.constant_contact.wire import ListFound
    from reconciler.credentials import Credentials
    from reconciler.ledger.connections import Connection
    from reconciler.ledger.console_drafts import Draft

#: Said of a name that is in use where it is not theirs to see.
UNUSABLE_NAME: Final = "This name can't be used."


def admitted(visit: Visit, draft: Draft, given: Credentials) -> Elsewhere:
    """Go on with credentials: they are tried out, and nothing is stored that does not work.

    A draft that is not kept yet is kept with them. Raises AccessRefused where they are no good, OtherAccount where a
    connection that is there belongs to another account, UsageError where it was made since a new one was begun,
    and what `connections.connect` raises.
    """
    before = must_be_theirs(visit, draft)
    if draft.told.get("is_new"):
        checks.must_be_new(draft.connection, before)
    if before is not None:
        return connected(visit, draft, Wish(draft.connection), given)
    with contextlib.closing(doors(visit).open_api(given)) as api:
        found = checks.inside(api)
    ends_at = token_end.of_token(given.access_token)
    told = {
        "account": found.account.organization,
        "lists": [asdict(each) for each in found.lists],
        "ends_at": ends_at and ends_at.isoformat(),
        "seconds": given.seconds,
        "is_renewed": given.refresh_token is not None,
    }
    secrets = drafts.secrets_of(given)
    if draft.draft_id:
        kept = drafts.keep(visit, draft, secrets, **told)
    else:
        kept = drafts.begin(visit, drafts.telling(draft, **told), secrets)
    return Elsewhere(f"/connect/{kept.draft_id}/list")


def connected(visit: Visit, draft: Draft, wish: Wish, given: Credentials) -> Elsewhere:
    """Connect, forget the draft, and go on to the first sync, or where it was started before to the connection."""
    must_be_theirs(visit, draft)
    made = connections.connect(doors(visit), wish, lambda: given, visit.actor)
    drafts.end(visit, draft)
    return Elsewhere(address(made.name, "" if made.started_at else "start"))


def must_be_theirs(visit: Visit, draft: Draft) -> Connection | None:
    """The connection that a draft is for, where there is one. Raises UsageError where it is of another workspace."""
    with visit.ledger.transaction() as tx:
        before = stored.by_name(tx, draft.connection)
    role = visit.person.grants.role_in(draft.workspace)
    if role is None or role < Role.ADMIN or (before is not None and before.workspace != draft.workspace):
        raise UsageError(UNUSABLE_NAME)
    return before


def doors(visit: Visit) -> Doors:
    return visit.desk.here.doors(visit.ledger, _chosen_before)


def _chosen_before(_: Sequence[ListFound]) -> str:
    raise UsageError("no list was chosen")
