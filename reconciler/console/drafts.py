"""What somebody has given for a connection until its list is chosen: secrets sealed, for one session, not for long."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from reconciler.console.access import Role
from reconciler.credentials import KNOWN, Application, Credentials
from reconciler.errors import UsageError
from reconciler.ledger import console_drafts
from reconciler.ledger.console_drafts import Draft

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.console.desk import Visit
    from reconciler.secret import Secret

_SECONDS: Final = 1800.0
#: A sign-in that comes back later is no good.
SIGN_IN_SECONDS: Final = 600.0
_ID_BYTES: Final = 18


def begin(
    visit: Visit,
    draft: Draft,
    secrets: Mapping[str, Secret | None],
    *,
    state: Secret | None = None,
    seconds: float = _SECONDS,
) -> Draft:
    """Keep a new draft, with its secrets sealed; `state` is what its sign-in has to come back with."""
    made = replace(draft, draft_id=_new_id(visit))
    made = replace(made, sealed=_sealed(visit, made.draft_id, secrets))
    hashed = None if state is None else _hash(state.reveal())
    with visit.ledger.transaction() as tx:
        console_drafts.begin(tx, made, visit.session_hash, seconds, state_hash=hashed)
    return made


def new(visit: Visit, connection: str, workspace: str, method: str, **told: Any) -> Draft:
    """A draft that is not kept yet."""
    return Draft("", connection, workspace, method, {}, told, visit.now)


def telling(draft: Draft, **told: Any) -> Draft:
    """A draft with more that is told."""
    return replace(draft, told={**draft.told, **told})


def find(visit: Visit, draft_id: str) -> Draft:
    """A draft of this session. Raises UsageError where there is none, or it is too old."""
    with visit.ledger.transaction() as tx:
        found = console_drafts.find(tx, draft_id, visit.session_hash)
    return _theirs(visit, found)


def came_back(visit: Visit, state: str) -> Draft:
    """The draft whose sign-in has come back, once. Raises UsageError for a state that this session did not begin."""
    with visit.ledger.transaction() as tx:
        found = console_drafts.came_back(tx, _hash(state), visit.session_hash)
    return _theirs(visit, found)


def keep(visit: Visit, draft: Draft, secrets: Mapping[str, Secret | None], **told: Any) -> Draft:
    """Go on with a draft: with these secrets in place of the ones it had, and with more that is told."""
    kept = telling(replace(draft, sealed=_sealed(visit, draft.draft_id, secrets)), **told)
    with visit.ledger.transaction() as tx:
        console_drafts.note(tx, kept, _SECONDS)
    return kept


def end(visit: Visit, draft: Draft) -> None:
    """Forget a draft with its secrets."""
    with visit.ledger.transaction() as tx:
        console_drafts.end(tx, draft.draft_id)


def secret(visit: Visit, draft: Draft, name: str) -> Secret | None:
    """A secret of a draft, opened; None where it has none of this name."""
    sealed = draft.sealed.get(name)
    if sealed is None:
        return None
    return visit.desk.here.vault().open(sealed, table="console_drafts", row=draft.draft_id, field=name)


def application(visit: Visit, draft: Draft) -> Application:
    """The application that somebody signs in to."""
    return Application(_needed(visit, draft, "api_key"), secret(visit, draft, "client_secret"))


def credentials(visit: Visit, draft: Draft) -> Credentials:
    """What a draft has to get into the account with."""
    return Credentials(
        _needed(visit, draft, "api_key"),
        _needed(visit, draft, "access_token"),
        secret(visit, draft, "refresh_token"),
        secret(visit, draft, "client_secret"),
        draft.told.get("seconds"),
    )


def secrets_of(given: Credentials) -> dict[str, Secret | None]:
    """Credentials as a draft keeps them."""
    return {name: getattr(given, name) for name in KNOWN}


def _needed(visit: Visit, draft: Draft, name: str) -> Secret:
    found = secret(visit, draft, name)
    if found is None:
        raise _begin_again()
    return found


def _theirs(visit: Visit, found: Draft | None) -> Draft:
    """A draft for a workspace in which they are an admin no longer is not there."""
    role = None if found is None else visit.person.grants.role_in(found.workspace)
    if found is None or role is None or role < Role.ADMIN:
        raise _begin_again()
    return found


def _begin_again() -> UsageError:
    return UsageError("this was not begun here, or is over", advice="begin to connect again")


def _sealed(visit: Visit, draft_id: str, secrets: Mapping[str, Secret | None]) -> dict[str, str]:
    vault = visit.desk.here.vault()
    return {
        name: vault.seal(value, table="console_drafts", row=draft_id, field=name)
        for name, value in secrets.items()
        if value is not None
    }


def _hash(state: str) -> bytes:
    return hashlib.sha256(state.encode()).digest()


def _new_id(visit: Visit) -> str:
    return base64.urlsafe_b64encode(visit.desk.random_bytes(_ID_BYTES)).decode()
