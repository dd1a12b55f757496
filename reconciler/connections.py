"""Connect, start, pause, resume, disconnect: what each checks, and what it stores."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from reconciler import custom_types, extract, fields, statements, token_end
from reconciler.credentials import KNOWN
from reconciler.errors import NotFound, UsageError
from reconciler.ledger import accounts, audit, batches, leases
from reconciler.ledger import connections as stored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from reconciler.constant_contact.client import ConstantContact
    from reconciler.constant_contact.wire import AccountFound, CustomField, ListFound
    from reconciler.credentials import Credentials
    from reconciler.crm import Crm
    from reconciler.ledger.connections import Connection
    from reconciler.ledger.database import Ledger, Transaction
    from reconciler.secret import Secret
    from reconciler.vault import Vault

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


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


@dataclass(frozen=True, slots=True)
class Doors:
    """The ways to what a connection connects."""

    ledger: Ledger
    vault: Vault
    open_api: Callable[[Credentials], ConstantContact]
    open_crm: Callable[[Secret | None], Crm]
    choose_list: Callable[[Sequence[ListFound]], str]


def connect(doors: Doors, wish: Wish, give: Callable[[], Credentials], actor: str) -> Connection:
    """Check token, account, list and statement; then store. Nothing is stored unless all are right.

    `give` is asked for the credentials once all is checked that needs none: somebody may have to sign in for them.
    Connecting again replaces the credentials and keeps everything else; another account or list is refused.
    """
    _check_name(wish.name)
    before = _existing(doors.ledger, wish.name)
    wish = _completed(doors, wish, before)
    list_id = _wanted_list(wish, before)
    columns = extract.check(doors.open_crm(wish.crm_url), wish.statement or "", wish.workspace or "")
    given = give()
    with contextlib.closing(doors.open_api(given)) as api:
        account = api.account()
        found = _list(api, account, list_id or _as_uuid(doors.choose_list(api.lists())))
        if before is not None:
            _must_be_the_same(before, account, found, wish)
        custom = _custom_fields(api, columns)
    with _alone(doors.ledger, before, found), doors.ledger.transaction() as tx:
        _store(tx, doors.vault, wish, given, account, found, columns, custom)
        audit.write(tx, actor, "connect", wish.name, {"account": account.encoded_account_id, "list": found.list_id})
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
    times = {"seconds": limits.lease_seconds, "renew": limits.lease_renew_seconds}
    with leases.lease(ledger, before.connection_id, "connect", **times) as lease:
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
        stored.start(tx, connection.connection_id)
        audit.write(tx, actor, "start", connection.name, {})


def pause(ledger: Ledger, connection: Connection, actor: str, *, paused: bool) -> None:
    """No pushing and no calls, or again both. Resuming also lifts a hold."""
    with ledger.transaction() as tx:
        stored.set_paused(tx, connection.connection_id, paused=paused)
        if not paused:
            stored.release(tx, connection.connection_id)
        audit.write(tx, actor, "pause" if paused else "resume", connection.name, {})


def disconnect(ledger: Ledger, connection: Connection, actor: str, *, erase: bool) -> bool:
    """Forget the credentials, unless another connection needs them; says whether they are gone."""
    with ledger.transaction() as tx:
        stored.disconnect(tx, connection.connection_id, "disconnected by hand")
        forgotten = accounts.forget_unused_credentials(tx, connection.account.account_id)
        if erase:
            stored.erase(tx, connection.connection_id)
        audit.write(
            tx, actor, "erase" if erase else "disconnect", connection.name, {"credentials_forgotten": forgotten}
        )
    return forgotten


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


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise UsageError(
            "a connection's name has letters, digits, dots, dashes and underscores, and begins with a letter or digit",
            advice="for example: acme-newsletter",
        )


def _existing(ledger: Ledger, name: str) -> Connection | None:
    with ledger.transaction() as tx:
        return stored.by_name(tx, name)


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
    return _as_uuid(wanted) if wanted else None


def _list(api: ConstantContact, account: AccountFound, list_id: str) -> ListFound:
    try:
        return api.contact_list(list_id)
    except NotFound:
        there = ", ".join(f"{found.name} ({found.list_id})" for found in api.lists())
        raise UsageError(
            f"the account {account.organization!r} has no list {list_id}", advice=f"its lists are: {there or 'none'}"
        ) from None


def _as_uuid(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise UsageError(
            "the list id is not one of Constant Contact's", advice="it looks like 06526938-56dd-11e9-932a-fa163e9ec6a5"
        ) from None


def _must_be_the_same(before: Connection, account: AccountFound, found: ListFound, wish: Wish) -> None:
    if before.account.encoded_account_id != account.encoded_account_id:
        raise UsageError(
            f"{wish.name!r} is connected to the account {before.account.organization!r} "
            f"({before.account.encoded_account_id}); this token belongs to {account.organization!r} "
            f"({account.encoded_account_id})",
            advice="take a token of the same account, or connect under another name",
        )
    if before.list_id != found.list_id and not wish.switch_list:
        raise UsageError(
            f"{wish.name!r} is connected to the list {before.list_name!r} ({before.list_id}), not to "
            f"{found.name!r} ({found.list_id})",
            advice="say --switch-list if you mean the other list",
        )


def _custom_fields(api: ConstantContact, columns: Mapping[str, str]) -> dict[str, CustomField]:
    wanted = [name.removeprefix(fields.CUSTOM) for name in columns if fields.is_custom(name)]
    if not wanted:
        return {}
    there = api.custom_fields()
    custom_types.check(wanted, {name: field.type for name, field in there.items()})
    return {name: there[name] for name in wanted}


def _store(
    tx: Transaction,
    vault: Vault,
    wish: Wish,
    given: Credentials,
    account: AccountFound,
    found: ListFound,
    columns: Mapping[str, str],
    custom: Mapping[str, CustomField],
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
            "columns": dict(columns),
            "custom_fields": {name: field.custom_field_id for name, field in custom.items()},
            "custom_field_types": types,
            "mapping_digest": _digest(wish, found, columns, types),
            "consent_basis": wish.consent_basis,
            "observe": wish.observe,
        },
    )
    ends_at = token_end.of_token(given.access_token)
    accounts.set_credentials(tx, account_id, sealed, ends_at=ends_at, life_seconds=given.seconds)
    if wish.crm_url is not None:
        url = vault.seal(wish.crm_url, table="connections", row=wish.name, field="crm_url")
        stored.set_crm_url(tx, connection_id, url)


def _sealed(vault: Vault, row: str, name: str, secret: Secret | None) -> str | None:
    return None if secret is None else vault.seal(secret, table="accounts", row=row, field=name)


def _digest(wish: Wish, found: ListFound, columns: Mapping[str, str], types: Mapping[str, str]) -> str:
    """Fingerprint of what decides which values are wanted where: another one asks for a full comparison."""
    # Types count only where there are any: a connection of an earlier version without custom fields keeps its digest.
    told = [wish.statement, wish.workspace, found.list_id, dict(columns), *([dict(types)] if types else [])]
    content = json.dumps(told, sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()
