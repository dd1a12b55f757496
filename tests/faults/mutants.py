"""The program with one of its protections switched off: what a careless change could make of it."""

from __future__ import annotations

import contextlib
import hashlib
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from reconciler import decide, judging, pull, push, reading
from reconciler.constant_contact import wire
from reconciler.ledger import batches, database, watermarks
from reconciler.receipts import Verified

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pytest

    from reconciler.judging import Sent
    from tests.faults.worlds import World

    Mutation = Callable[[pytest.MonkeyPatch, World], None]

_NOBODY = "00000000-0000-4000-8000-000000000000"


def nothing(_patch: pytest.MonkeyPatch, _world: World) -> None:
    """The program as it is."""


def request_before_intent(patch: pytest.MonkeyPatch, _: World) -> None:
    def send(work: Any, chunk: Sequence[Any]) -> tuple[int, None]:
        body = wire.import_body([row for _, row in chunk], work.mapped.list_id)
        told = (len(body), hashlib.sha256(body).hexdigest(), work.api.now() or reading.now(work))
        rows = [(change.address, row) for change, row in chunk]
        activity_id = work.api.start_import(work.mapped.list_id, rows, let_in=[])
        with work.write() as tx:
            contact_ids = [change.contact_id for change, _ in chunk]
            batch_id = batches.intend_import(tx, work.lease.held, work.run_id, contact_ids, told)
            batches.submitted(tx, batch_id, activity_id)
        return batch_id, None

    patch.setattr(push, "_send", send)


def no_grace(patch: pytest.MonkeyPatch, _: World) -> None:
    """What had no answer is looked for at once, and sent again where it is not seen."""
    patch.setattr(judging, "may_be_read", lambda *_: True)


def no_hold(patch: pytest.MonkeyPatch, world: World) -> None:
    """Who is in an unsettled batch may be put into another, as far as both the program and the database go."""
    made = database._statement

    def statement(name: str) -> str:
        held = "AND NOT EXISTS (SELECT FROM held AS h WHERE h.address_group = u.address_group)"
        return made(name).replace(held, "") if name == "candidates_find" else made(name)

    patch.setattr(database, "_statement", statement)
    for index in ("batch_contacts_hold_contact", "batch_contacts_hold_address"):
        world.installation.sql(f"DROP INDEX reconciler.{index}")


def no_read_back(patch: pytest.MonkeyPatch, _: World) -> None:
    """What was sent counts as done."""

    def seen(sent: Sent) -> Verified:
        return Verified(sent.contact_id, sent.member.member_id if sent.member else _NOBODY)

    patch.setattr(judging, "seen", seen)


def no_fence(patch: pytest.MonkeyPatch, _: World) -> None:
    """Whoever once had the lease goes on."""
    asked = database.one

    def one(tx: Any, name: str, /, **parameters: object) -> Any:
        return True if name == "lease_check" else asked(tx, name, **parameters)

    patch.setattr(database, "one", one)


def members_not_read_before_push(patch: pytest.MonkeyPatch, _: World) -> None:
    patch.setattr(pull, "before_push", lambda *_: None)


def contacts_not_read_before_push(patch: pytest.MonkeyPatch, _: World) -> None:
    patch.setattr(decide, "confirm", lambda *_, **__: None)


def watermark_before_its_rows(patch: pytest.MonkeyPatch, world: World) -> None:
    """It moves in a transaction of its own."""
    move = watermarks.move

    def early(tx: Any, *told: Any) -> None:
        engine = sa.create_engine("postgresql+psycopg://", creator=tx.engine.pool._creator)
        with contextlib.closing(engine.connect()) as other, other.begin():
            move(other, *told)
        engine.dispose()

    patch.setattr(watermarks, "move", early)
