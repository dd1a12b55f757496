"""Connect, start, disconnect: what each checks, and what it stores."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler import checks, mapping, policies, probe, statements, token_end
from reconciler.credentials import KNOWN
from reconciler.errors import UsageError
from reconciler.ledger import accounts, audit, batches, leases, watermarks
from reconciler.ledger import connections as stored
from reconciler.limits import Limits
from reconciler.origin import differences

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from reconciler.constant_contact.client import ConstantContact
    from reconciler.constant_contact.wire import AccountFound, CustomField, ListFound
    from reconciler.credentials import Credentials
    from reconciler.crm import Crm
    from reconciler.domain import Policy
    from reconciler.ledger.connections import Connection
    from reconciler.ledger.database import Ledger, Transaction
    from reconciler.origin import Origin
    from reconciler.probe import Choice, Facts
    from reconciler.secret import Secret
    from reconciler.vault import Vault


@dataclass(frozen=True, slots=True)
class Wish:
    """A connection as somebody wants it."""

    name: str
    #: None: as before, else Sage's own table and the connection's name.
    statement: str | None = None
    workspace: str | None = None
    list_id: str | None = None
    crm_url: Secret | None = None
    observe: bool = False
    consent_basis: str | None = None
    switch_list: bool = False
    #: Whether the CRM's address was given, and not taken from before.
    is_crm_named: bool = False
    #: Whether there must be none of this name yet.
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class Doors:
    """The ways to what a connection connects."""

    ledger: Ledger
    vault: Vault
    open_api: Callable[[Credentials], ConstantContact]
    #: With the limits of the connection, where there is one already.
    open_crm: Callable[[Secret | None, Limits | None], Crm]
    choose_list: Callable[[Sequence[ListFound]], str]
    monotonic: Callable[[], float]


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was seen of the CRM, and how changes will be found there."""

    facts: Facts
    choice: Choice
    policy: Policy
    #: Somebody has named another CRM than the one that was read before.
    is_other_crm: bool


def connect(doors: Doors, wish: Wish, give: Callable[[], Credentials], actor: str) -> Connection:
    """Check token, account, list and statement; then store. Nothing is stored unless all are right.

    `give` is asked for the credentials once all is checked that needs none: somebody may have to sign in for them.
    Connecting again replaces the credentials and keeps everything else; another account or list is refused.
    """
    checks.name(wish.name)
    before = _existing(doors.ledger, wish.name)
    if wish.is_new:
        checks.must_be_new(wish.name, before)
    wish = _completed(doors, replace(wish, is_crm_named=wish.crm_url is not None), before)
    list_id = _wanted_list(wish, before)
    seen = _seen(doors, wish, before)
    given = give()
    with contextlib.closing(doors.open_api(given)) as api:
        account = api.account()
        found = checks.contact_list(api, account, list_id or checks.as_uuid(doors.choose_list(api.lists())))
        if before is not None:
            checks.must_be_the_same(before, account, found, switch_list=wish.switch_list)
        custom = checks.custom_fields(api, seen.facts.columns)
    home = doors.ledger.origin()
    with _alone(doors.ledger, before, found), doors.ledger.transaction() as tx:
        if before is None:
            checks.must_be_new(wish.name, stored.by_name(tx, wish.name))
        _store(tx, doors.vault, wish, given, account, found, seen, custom, home)
        told = {"account": account.encoded_account_id, "list": found.list_id}
        audit.write(tx, actor, "connect", wish.name, {**told, "before": before and {"list": before.list_id}})
        connection = stored.by_name(tx, wish.name)
    if connection is None:
        raise UsageError(f"the connection {wish.name!r} was disconnected and erased at the same moment")
    return connection


@contextlib.contextmanager
def _alone(ledger: Ledger, before: Connection | None, found: ListFound) -> Iterator[None]:
    """While a connection is given another list nothing may run, and nothing sent to the old one may be unsettled."""
    if before is None or before.list_id == found.list_id:
        yield
        return
    limits = before.limits
    seconds, renew = limits.lease_seconds, limits.lease_renew_seconds
    with leases.lease(ledger, before.connection_id, "connect", seconds=seconds, renew=renew) as lease:
        with ledger.transaction() as tx:
            is_open = bool(batches.unsettled(tx, before.connection_id))
        if lease is None or is_open:
            raise UsageError(
                f"{before.name!r} can't have another list now: {'an import is unsettled' if is_open else 'it runs'}",
                advice=f"say `reconciler run {before.name}` until nothing is in doubt, then switch",
            )
        yield


def start(ledger: Ledger, connection: Connection, actor: str) -> None:
    """From now on runs push."""
    with ledger.transaction() as tx:
        stored.say_again(tx, connection.connection_id)
        stored.start(tx, connection.connection_id)
        audit.write(tx, actor, "start", connection.name, _change("started", connection.started_at, now=True))


def _change(what: str, since: dt.datetime | None, *, now: bool) -> dict[str, object]:
    """Before and after, for the audit."""
    return {"before": {what: since is not None}, "after": {what: now}}


def disconnect(ledger: Ledger, connection: Connection, actor: str) -> bool:
    """Forget the credentials, unless another connection needs them; says whether they are gone."""
    with ledger.transaction() as tx:
        stored.disconnect(tx, connection.connection_id, "disconnected by hand")
        leases.fence_off(tx, connection.connection_id)
        forgotten = accounts.forget_unused_credentials(tx, connection.account.account_id)
        told = _change("disconnected", connection.disconnected_at, now=True)
        audit.write(tx, actor, "disconnect", connection.name, {**told, "credentials_forgotten": forgotten})
    return forgotten


def erase(ledger: Ledger, connection: Connection, actor: str) -> dict[str, int]:
    """Forget everything about a disconnected connection, once no run goes on; says how much of what that was."""
    with ledger.transaction() as tx:
        erased = stored.erase(tx, connection.connection_id)
        audit.write(tx, actor, "erase", connection.name, {"erased": erased}, connection.workspace)
    return erased


def token(vault: Vault, connection: Connection) -> Secret | None:
    """The access token, opened; None where there is none."""
    account = connection.account
    if account.access_token_sealed is None:
        return None
    return vault.open(
        account.access_token_sealed, table="accounts", row=account.encoded_account_id, field="access_token"
    )


def crm_url(vault: Vault, connection: Connection) -> Secret | None:
    """The CRM's own address of a connection, opened; None where it is the one of the settings."""
    if connection.crm_url_sealed is None:
        return None
    return vault.open(connection.crm_url_sealed, table="connections", row=connection.name, field="crm_url")


def _existing(ledger: Ledger, name: str) -> Connection | None:
    with ledger.transaction() as tx:
        return stored.by_name(tx, name)


def _seen(doors: Doors, wish: Wish, before: Connection | None) -> _Seen:
    """Try the statement out on its CRM. Raises StatementError."""
    limits, settings = (before.limits, before.settings) if before else (Limits(), {})
    crm = doors.open_crm(wish.crm_url, before.limits if before else None)
    facts = probe.look(crm, wish.statement or "", wish.workspace or "", limits, doors.monotonic)
    choice = probe.choose(facts, str(settings.get("window", probe.AUTO)))
    is_named = wish.is_crm_named and before is not None
    with doors.ledger.transaction() as tx:
        mark = watermarks.read(tx, before.connection_id) if is_named and before else None
    is_other = mark is not None and bool(differences(mark.origin, facts.origin))
    return _Seen(facts, choice, policies.of(settings), is_other)


def _completed(doors: Doors, wish: Wish, before: Connection | None) -> Wish:
    """What was not said stays as it was; the first time it is Sage's own table."""
    if before is None:
        statement = wish.statement or statements.read("crm/contacts")
        return replace(wish, statement=statement, workspace=wish.workspace or wish.name)
    return replace(
        wish,
        statement=wish.statement or before.statement,
        workspace=wish.workspace or before.workspace,
        crm_url=wish.crm_url or crm_url(doors.vault, before),
    )


def _wanted_list(wish: Wish, before: Connection | None) -> str | None:
    """The list's id; None: it has yet to be chosen."""
    wanted = wish.list_id or (before.list_id if before else None)
    return checks.as_uuid(wanted) if wanted else None


def _store(
    tx: Transaction,
    vault: Vault,
    wish: Wish,
    given: Credentials,
    account: AccountFound,
    found: ListFound,
    seen: _Seen,
    custom: Mapping[str, CustomField],
    home: Origin,
) -> None:
    types = {name: found.type for name, found in custom.items()}
    fingerprint = vault.keyed_hash(given.api_key.reveal())
    account_id = accounts.account_id(tx, account.encoded_account_id, account.organization, fingerprint)
    sealed = {name: _sealed(vault, account.encoded_account_id, name, getattr(given, name)) for name in KNOWN}
    connection_id = stored.save(
        tx,
        wish.name,
        {
            "account_id": account_id,
            "list_id": found.list_id,
            "list_name": found.name,
            "workspace": wish.workspace,
            "statement": wish.statement,
            "columns": dict(seen.facts.columns),
            "custom_fields": {name: field.custom_field_id for name, field in custom.items()},
            "custom_field_types": types,
            "mapping_digest": mapping.digest(
                wish.statement or "",
                wish.workspace or "",
                found.list_id,
                seen.facts.columns,
                types,
                policies.chosen(seen.policy),
            ),
            "consent_basis": wish.consent_basis,
            "observe": wish.observe,
            "window_mode": seen.choice.mode.value,
            "window_reason": seen.choice.reason,
            "home": home.to_json(),
            "is_other_crm": seen.is_other_crm,
        },
    )
    ends_at = token_end.of_token(given.access_token)
    accounts.set_credentials(tx, account_id, sealed, ends_at=ends_at, life_seconds=given.seconds)
    if wish.crm_url is not None:
        url = vault.seal(wish.crm_url, table="connections", row=wish.name, field="crm_url")
        stored.set_crm_url(tx, connection_id, url)


def _sealed(vault: Vault, row: str, name: str, secret: Secret | None) -> str | None:
    return None if secret is None else vault.seal(secret, table="accounts", row=row, field=name)
