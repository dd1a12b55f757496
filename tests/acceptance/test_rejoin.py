"""Who left the list or was deleted there may come back when somebody says so, with a basis. Nobody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.installation import Installation, Said

pytestmark = pytest.mark.http
BASIS = ("--basis", "asked by phone on 3 May")


class Village:
    """Some people who are on the list, each with a neighbour."""

    def __init__(self, installation: Installation, *who: str) -> None:
        self.installation = installation
        self.ids = {name: installation.add(f"{name}@example.com", first_name=name.title()) for name in who}
        installation.connect()
        installation.run()
        installation.later(20)

    def leave(self, who: str) -> None:
        api = self.installation.api
        api.door.contact(action="leave_list", email=f"{who}@example.com", list_id=api.list_id)

    def act(self, who: str, action: str) -> None:
        self.installation.api.door.contact(action=action, email=f"{who}@example.com")

    def find_out(self) -> None:
        """A full run sees who is off."""
        for contact_id in self.ids.values():
            self.installation.change(contact_id, last_name="Changed")
        self.installation.run("acme", "--full")

    def rejoin(self, *who: str, options: tuple[str, ...] = BASIS) -> Said:
        return self.installation.say("rejoin", "acme", *(self.ids.get(name, name) for name in who), *options)

    def listed(self) -> set[str]:
        return {address.partition("@")[0] for address in self.installation.api.members()}

    def verdict(self, who: str) -> tuple[object, ...]:
        found = self.installation.sql(
            "SELECT verdict, rejoin_at IS NOT NULL, rejoin_basis FROM reconciler.pairs WHERE contact_id = %s",
            self.ids[who],
        )
        return found[0]


def test_who_left_the_list_comes_back_when_somebody_says_so(installation: Installation) -> None:
    village = Village(installation, "ada", "bob")
    village.leave("ada")
    village.find_out()
    assert village.verdict("ada") == ("left_list", False, None)

    said = village.rejoin("ada")

    assert (said.code, said.err.splitlines()[0]) == (
        0,
        "1 contact may come back: `reconciler run acme` puts them on the list, or the next tick.",
    )
    assert village.listed() == {"bob"}
    report = installation.run()
    assert (report["state"], report["counts"]["added"]) == ("completed", 1)
    assert village.listed() == {"ada", "bob"}
    assert village.verdict("ada") == ("unchanged", False, None)
    assert installation.run()["api"]["calls"] == 0


def test_who_comes_back_and_leaves_again_stays_off(installation: Installation) -> None:
    village = Village(installation, "ada", "bob")
    village.leave("ada")
    village.find_out()
    village.rejoin("ada")
    installation.run()
    installation.later(20)

    village.leave("ada")
    installation.change(village.ids["ada"], first_name="Augusta")
    installation.run()
    installation.run("acme", "--full")

    assert village.listed() == {"bob"}
    assert village.verdict("ada") == ("left_list", False, None)


def test_who_was_deleted_comes_back_when_somebody_says_so(installation: Installation) -> None:
    village = Village(installation, "ada", "bob")
    village.act("ada", "delete")
    village.find_out()
    assert village.verdict("ada") == ("deleted_there", False, None)

    assert village.rejoin("ada").code == 0

    assert installation.run()["counts"]["added"] == 1
    assert village.listed() == {"ada", "bob"}
    assert installation.run()["api"]["calls"] == 0
    installation.later(20)
    village.act("ada", "delete")
    village.find_out()
    assert village.verdict("ada") == ("deleted_there", False, None)


def test_who_is_not_revived_by_an_import_is_rejected_and_nobody_else_is_disturbed(installation: Installation) -> None:
    installation.api.door.switch(import_of_deleted="left")
    village = Village(installation, "ada", "bob")
    village.act("ada", "delete")
    village.find_out()
    village.rejoin("ada")

    assert installation.run()["counts"]["in_doubt"] == 1
    installation.later(16)
    report = installation.run()

    assert (report["counts"]["rejected"], village.listed()) == (1, {"bob"})
    assert installation.run()["api"]["calls"] == 0


def test_nobody_rejoins_where_one_of_them_may_not(installation: Installation) -> None:
    village = Village(installation, "left", "unsubscribed", "both", "fine", "opted")
    village.leave("left")
    village.act("unsubscribed", "unsubscribe")
    village.act("both", "unsubscribe")
    village.act("both", "delete")
    installation.change(village.ids["opted"], marketing_opt_out=True)
    village.find_out()

    said = village.rejoin("left", "unsubscribed", "both", "fine", "opted", "nobody")

    assert said.code == 2
    assert "5 of 6 contacts may not rejoin, so nothing was changed" in said.err
    for who in ("unsubscribed", "both"):
        assert f"{village.ids[who]}: unsubscribed: only they can come back" in said.err
    assert f"{village.ids['fine']}: is on the list" in said.err
    assert f"{village.ids['opted']}: opted out in the CRM" in said.err
    assert "nobody: the CRM has no such contact" in said.err
    assert village.ids["left"] not in said.err
    assert village.verdict("left") == ("left_list", False, None)
    installation.run("acme", "--full")
    assert village.listed() == {"fine", "opted", "unsubscribed"}
    assert installation.sql("SELECT count(*) FROM reconciler.audit WHERE action = 'rejoin'") == [(0,)]


@pytest.mark.parametrize("singles", [100, 0], ids=["read singly", "read whole"])
@pytest.mark.parametrize("also_deleted", [False, True], ids=["unsubscribed", "and deleted"])
def test_who_unsubscribes_meanwhile_stays_off(installation: Installation, singles: int, *, also_deleted: bool) -> None:
    village = Village(installation, "ada", "bob")
    installation.say("set", "acme", f"membership_singles={singles}")
    village.leave("ada")
    village.find_out()
    assert village.rejoin("ada").code == 0
    before = installation.api.imported()

    village.act("ada", "unsubscribe")
    if also_deleted:
        village.act("ada", "delete")
    installation.run()
    installation.run("acme", "--full")

    assert installation.api.imported() == before
    assert village.verdict("ada") == ("unsubscribed", False, None)
    assert village.rejoin("ada").code == 2


def test_the_unsubscription_of_a_contact_with_the_same_address_counts(installation: Installation) -> None:
    village = Village(installation, "ada", "bob")
    village.leave("ada")
    village.act("bob", "unsubscribe")
    village.find_out()
    assert village.rejoin("ada").code == 0
    installation.change(village.ids["bob"], email="ada@example.com")
    before = installation.api.imported()

    installation.run()
    installation.run("acme", "--full")

    assert installation.api.imported() == before
    assert village.rejoin("ada").code == 2


@pytest.mark.parametrize("how", ["left", "deleted"])
def test_who_comes_back_does_so_under_the_address_that_the_crm_has_now(installation: Installation, how: str) -> None:
    village = Village(installation, "ada", "bob")
    if how == "left":
        village.leave("ada")
    else:
        village.act("ada", "delete")
    village.find_out()
    assert village.rejoin("ada").code == 0
    installation.change(village.ids["ada"], email="ada@example.org")

    for _ in range(2):
        installation.run()
        installation.later(20)

    assert set(installation.api.members()) == {"ada@example.org", "bob@example.com"}
    assert village.verdict("ada") == ("unchanged", False, None)
    assert installation.run()["api"]["calls"] == 0


def test_who_was_let_back_onto_one_list_was_not_let_onto_another(installation: Installation) -> None:
    village = Village(installation, "ada", "bob")
    village.act("ada", "delete")
    village.find_out()
    village.rejoin("ada")
    other = installation.api.door.list(action="create", name="Other")["list_id"]
    said = installation.say("connect", "acme", *installation.credentials(), "--list-id", other, "--switch-list")
    assert said.code == 0
    before = len(installation.api.imported())

    installation.run("acme", "--full")

    assert installation.api.imported()[before:] == ["bob@example.com"]
    assert village.verdict("ada") == ("deleted_there", False, None)


def test_a_rejoin_is_written_down_with_its_basis(installation: Installation) -> None:
    village = Village(installation, "ada", "bob")
    for who in village.ids:
        village.leave(who)
    village.find_out()
    (installation.folder / "ids.txt").write_text("".join(f"{found} \n\n" for found in village.ids.values()))

    assert village.rejoin(options=("--from", "ids.txt", *BASIS)).code == 0

    [(actor, details)] = installation.sql("SELECT actor, details FROM reconciler.audit WHERE action = 'rejoin'")
    assert actor.startswith("cli:")
    assert details == {"contacts": list(village.ids.values()), "basis": BASIS[1]}
    assert village.verdict("ada") == ("left_list", True, BASIS[1])
    assert installation.run()["counts"]["added"] == 2


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "no contact was named"),
        (("1", "--from", "ids.txt"), "contacts were named twice"),
        (("1", "--basis", " "), "the basis is empty"),
        (("--from", "missing.txt"), "can't be read"),
    ],
)
def test_a_rejoin_that_is_not_understood_is_refused(
    installation: Installation, words: tuple[str, ...], told: str
) -> None:
    installation.connect()

    said = installation.say("rejoin", "acme", *(words if "--basis" in words else (*words, *BASIS)))

    assert said.code == 2
    assert told in said.err


def test_a_rejoin_without_a_basis_is_refused(installation: Installation) -> None:
    assert installation.say("rejoin", "acme", "1").code == 2
