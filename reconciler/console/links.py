"""One-time addresses that sign in: for an installation without a proxy that knows people."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, urlsplit

from reconciler.console.access import EVERYWHERE, Grants, Person
from reconciler.ledger import audit, console
from reconciler.ledger import console_people as people

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reconciler.console.access import Role
    from reconciler.ledger.database import Ledger, Transaction

GOOD_SECONDS: Final = 600.0
_BYTES: Final = 32


def make(
    ledger: Ledger, role: Role, workspaces: Sequence[str], actor: str, random_bytes: Callable[[int], bytes]
) -> str:
    """Make an address that signs in once with this role, in some workspaces or in every one. Audited.

    Gives the address's query.
    """
    link = base64.urlsafe_b64encode(random_bytes(_BYTES)).decode().rstrip("=")
    grants = Grants(dict.fromkeys(workspaces or (EVERYWHERE,), role)).to_json()
    with ledger.transaction() as tx:
        people.make_link(tx, _hash(link), grants, actor, GOOD_SECONDS)
        audit.write(tx, actor, "console link", None, {"grants": grants})
    return f"link={link}"


def use(tx: Transaction, text: str) -> Person | None:
    """Use an address, or what it has after `link=`, up; says who that is. None where it is none that is good."""
    row = people.use_link(tx, _hash(_link_in(text)))
    if row is None:
        return None
    # Who asked for it on the machine is who it is: nobody else can be known.
    return Person(row.made_by.removeprefix("cli:"), Grants.of(row.grants), console.now(tx), "link")


def _link_in(text: str) -> str:
    try:
        found = parse_qs(urlsplit(text.strip()).query).get("link")
    except ValueError:  # it is no address at all
        found = None
    return found[0] if found else text.strip()


def _hash(link: str) -> bytes:
    return hashlib.sha256(link.encode()).digest()
