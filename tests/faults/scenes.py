"""What a round is about: people on both sides, and a day's edits, in an order that the seed shuffles."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, TypeVar

from tests.installation import QUICK

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.worlds import World

Item = TypeVar("Item")
#: Who may be edited once more while they are under way.
UNDER_WAY = ("ann", "bob", "gil", "hal", "lea", "eve")
_SINCE_EVER = ("ann", "bob", "cid", "dora", "eve", "fay")


def at_first(world: World, seed: int) -> None:
    """Connected, and never run: everybody is yet to be added. Some are in the account already."""
    _account(world)
    for name in _shuffled((*_SINCE_EVER, "lea", "moe", "ned"), seed):
        world.installation.add(f"{name}@example.com", first_name=name.title(), company="Acorn")
    world.installation.add("ida@@example.com", first_name="Ida")
    _connect(world)


def in_between(world: World, seed: int) -> None:
    """In step since a while, and then a day's edits."""
    _account(world)
    for name in _SINCE_EVER:
        world.installation.add(f"{name}@example.com", first_name=name.title(), company="Acorn")
    _connect(world)
    assert world.clean_run()["state"] == "completed"
    world.later(20)  # whose absence proves something: our own push is long visible
    for edit in _shuffled(_EDITS, seed):
        edit(world)


def touch(world: World, seed: int) -> None:
    """One of those who are under way is edited once more."""
    name = random.Random(seed).choice(UNDER_WAY)  # noqa: S311 - it must be repeatable
    world.installation.sql("UPDATE contacts SET first_name = 'Newer' WHERE email LIKE %s", f"{name}%@example.com")


def _account(world: World) -> None:
    """Lea is in the account, Moe has unsubscribed and Ned was deleted before; a stranger is on the list."""
    door, list_id = world.api.door, world.api.list_id
    door.contact(action="create", email="lea@example.com", fields={"first_name": "Leah"})
    door.contact(action="create", email="moe@example.com", permission="unsubscribed")
    door.contact(action="create", email="ned@example.com")
    door.contact(action="delete", email="ned@example.com")
    door.contact(action="create", email="stranger@example.com", list_id=list_id)
    world.off |= {"moe@example.com", "ned@example.com"}
    world.strangers |= {"stranger@example.com"}


def _connect(world: World) -> None:
    """With a token that can be renewed."""
    here, api = world.installation, world.api
    file = here.folder / "renewable.json"
    told = {"api_key": api.api_key, "access_token": api.access_token, "refresh_token": api.refresh_token}
    file.write_text(json.dumps(told), encoding="utf-8")
    assert here.say("connect", "acme", "--credentials", str(file), "--list-id", api.list_id).code == 0
    # A database that is put back has tables of other numbers: to the program they are others, and all is read anew.
    assert here.say("set", "acme", *QUICK, "poll_patience_seconds=0.05", "structure_seconds=1000000").code == 0


def _changed(name: str, **columns: object) -> Callable[[World], None]:
    def change(world: World) -> None:
        ((contact_id,),) = world.installation.sql("SELECT id FROM contacts WHERE email = %s", f"{name}@example.com")
        world.installation.change(contact_id, **columns)

    return change


def _added(email: str, **columns: object) -> Callable[[World], None]:
    def add(world: World) -> None:
        world.installation.add(email, **columns)

    return add


def _off(name: str, action: str) -> Callable[[World], None]:
    def go(world: World) -> None:
        world.api.door.contact(action=action, email=f"{name}@example.com", list_id=world.api.list_id)
        world.off.add(f"{name}@example.com")

    return go


_EDITS: tuple[Callable[[World], None], ...] = (
    _changed("ann", first_name="Anna"),
    _changed("bob", company="Bolt", job_title="Fitter"),
    _changed("cid", first_name="Cyd"),
    _off("cid", "unsubscribe"),
    _changed("dora", first_name="Dorothy"),
    _off("dora", "leave_list"),
    _changed("eve", email="eve.new@example.com", company="Elm"),
    _changed("fay", marketing_opt_out=True),
    _added("gil@example.com", first_name="Gil", company="Gate"),
    _added("hal@example.com", first_name="Hal", last_name="Hill"),
    _added("lea@example.com", first_name="Lea"),
    _added("moe@example.com", first_name="Moe"),
    _added("ned@example.com", first_name="Ned"),
    _added("ida@@example.com", first_name="Ida"),
    _added("jon@example.com", first_name="Jon", deleted_at="2026-01-01"),
)


def _shuffled(items: tuple[Item, ...], seed: int) -> list[Item]:
    mixed = list(items)
    random.Random(seed).shuffle(mixed)  # noqa: S311 - it must be repeatable
    return mixed
