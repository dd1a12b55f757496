"""What the CRM's driver says, in our words."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Final

import psycopg

from reconciler.errors import CrmError, CrmUnreachable, StatementError
from reconciler.redaction import first_line, masked_addresses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.database_url import DatabaseUrl
    from reconciler.limits import Limits

_STATEMENT_FAULTS: Final = (
    psycopg.ProgrammingError,
    psycopg.DataError,
    psycopg.NotSupportedError,
    psycopg.errors.ReadOnlySqlTransaction,
    psycopg.errors.RaiseException,
)
#: An address that is masked already.
_ONE_ADDRESS: Final = re.compile(r'"[^\s"@]?\*\*\*@[^\s"]+"')


@contextlib.contextmanager
def translated(url: DatabaseUrl, limits: Limits) -> Iterator[None]:
    """Raise what went wrong as one of ours, with advice."""
    try:
        yield
    except _STATEMENT_FAULTS as error:
        raise StatementError(_sentence(error), advice=_advice(error)) from error
    except psycopg.errors.QueryCanceled as error:
        raise StatementError(
            f"the CRM statement ran longer than {limits.crm_statement_seconds:g} s",
            advice="make it faster; runs can be allowed more with `reconciler set NAME crm_statement_seconds=...`",
        ) from error
    except psycopg.errors.LockNotAvailable as error:
        raise CrmError(
            f"a table of the CRM was locked for longer than {limits.crm_lock_seconds:g} s",
            advice="somebody changes its structure; nothing was changed by us, and the next run tries again",
        ) from error
    except psycopg.OperationalError as error:
        raise CrmUnreachable(
            f"the CRM's database at {url.redacted} is out of reach: {first_line(error)}",
            advice="check the address, the server and the password; nothing was changed",
        ) from error
    except psycopg.Error as error:
        raise CrmError(f"the CRM could not be read: {masked_addresses(first_line(error))}") from error


def _sentence(error: psycopg.Error) -> str:
    if isinstance(error, psycopg.errors.ReadOnlySqlTransaction):
        return "the CRM statement tries to write; it may only read"
    if isinstance(error, psycopg.errors.CharacterNotInRepertoire):
        return "the CRM has text that is not UTF-8, and its database does not say what it is"
    # It may quote a value: what can't be a number is often an address, or a phone.
    said = masked_addresses(error.diag.message_primary or first_line(error))
    if isinstance(error, psycopg.DataError):
        said = re.sub(r'".*"', lambda quoted: quoted[0] if _ONE_ADDRESS.fullmatch(quoted[0]) else '"***"', said)
    where = re.search(r"^LINE (\d+):", str(error), re.MULTILINE)
    return f"PostgreSQL does not take the CRM statement: {said}" + (f" (line {where[1]})" if where else "")


def _advice(error: psycopg.Error) -> str:
    if isinstance(error, psycopg.errors.CharacterNotInRepertoire):
        return "say what it is: convert_from(convert(convert_to(x, 'SQL_ASCII'), 'LATIN1', 'UTF8'), 'UTF8') AS x"
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return "grant the user SELECT on the tables it names"
    if error.diag.message_primary == 'column "xmin" does not exist':
        return "a view has no row versions: leave row_age out, or let the view itself have it as a column"
    return "the statement is one SELECT, without a semicolon inside; look at sql/crm/contacts.sql"


def endless() -> StatementError:
    """The rows of a statement did not stop coming in the time allowed."""
    return StatementError(
        "the CRM statement has no end: its rows did not stop coming in the time allowed",
        advice="look for a join without a condition; or allow more with"
        " `set NAME crm_statement_seconds=... crm_reading_seconds=...`",
    )
