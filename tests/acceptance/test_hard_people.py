"""Hard addresses and hard names among plain neighbours: each has an end with a reason, and disturbs nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.installation import Installation

pytestmark = pytest.mark.http

TAIL: Final = "@example.com"
#: What becomes of an address: who is on the list by which address, or by which code they are left out.
ADDRESSES: Final[Mapping[str, str]] = {
    '"quoted local"@example.com': "invalid",
    '"a@b"@example.com': "invalid",
    "plain+tag@example.com": "plain+tag@example.com",
    "plus+plus+@example.com": "plus+plus+@example.com",
    "UPPER@EXAMPLE.COM": "UPPER@example.com",
    "  blanks@example.com  ": "blanks@example.com",
    "\ttab@example.com\n": "tab@example.com",
    "in side@example.com": "invalid",
    "new\nline@example.com": "invalid",
    "carriage\r\nreturn@example.com": "invalid",
    "\u202eright-to-left@example.com": "invalid",
    "=formula@example.com": "=formula@example.com",
    "dot.@example.com": "invalid",
    ".dot@example.com": "invalid",
    "double..dot@example.com": "invalid",
    "trailing@example.com.": "invalid",
    "double@example..com": "invalid",
    "nobody@server.test": "invalid",
    "nobody@localhost": "invalid",
    "nobody": "invalid",
    "@example.com": "invalid",
    "two@at@example.com": "invalid",
    "nobody@[127.0.0.1]": "invalid",
    "<angle@example.com>": "invalid",
    "Name <named@example.com>": "invalid",
    "a@example.com,b@example.com": "invalid",
    "mailto:someone@example.com": "invalid",
    "\u200bzero@example.com": "invalid",
    "apo'strophe@example.com": "apo'strophe@example.com",
    "percent%40@example.com": "percent%40@example.com",
    "amp&ersand=1@example.com": "amp&ersand=1@example.com",
    "slash/hash#@example.com": "slash/hash#@example.com",
    f"{'c' * 38}{TAIL}": f"{'c' * 38}{TAIL}",
    f"{'x' * 69}{TAIL}": "invalid",
    f"{'x' * 300}{TAIL}": "invalid",
}
#: These depend on what an import takes: 51 to 80 characters go by a call of their own, or not at all.
LONG: Final = (f"{'d' * 39}{TAIL}", f"{'e' * 63}@{'b' * 12}.com")
#: Not ASCII: an import may refuse the contact; then it is rejected.
FOREIGN: Final = ("jürgen@example.com", "info@bücher.example.com", "\U0001f600@example.com", "用户@example.com")
NAMES: Final = (
    "K.C.",
    "J.",
    "\U0001f469\u200d\U0001f680 Ada",
    "\u202eadA",
    "مريم",
    "Zoe\u0308",
    "Zoë",
    "n" * 50,
    "=cmd()",
    '=HYPERLINK("http://example.com","x")',
    "+1",
    "-1",
    "@sum",
    "O'Brien",
    'Say "hi"',
    "a\\b",
    "</script>",
    "null",
    "{}",
    "%s",
    "DROP TABLE contacts;--",
    "a\tb",
    "a\nb",
    "\u00a0",
    "\u200b",
    "﷽",
    "0",
)
TOO_LONG: Final = ("n" * 51, "n" * 10_000, "\U0001f600" * 51)


class Street:
    """Hard contacts, each between two plain ones."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.hard: dict[str, str] = {}
        self.plain: list[str] = []
        self._neighbour()

    def move_in(self, address: str, **columns: object) -> str:
        contact_id = self.installation.add(address, id=_id(len(self.hard) * 2 + 1), **columns)
        self.hard[contact_id] = address
        self._neighbour()
        return contact_id

    def _neighbour(self) -> None:
        number = len(self.plain)
        self.plain.append(self.installation.add(f"plain{number}@example.com", first_name="Plain", id=_id(number * 2)))

    def sync(self) -> dict[str, Any]:
        assert self.installation.connect().code == 0
        return self.installation.run()

    def ends(self, run_id: int) -> dict[str, list[tuple[str, str, str]]]:
        """What the rows of a run say of each contact: field, outcome, code."""
        found: dict[str, list[tuple[str, str, str]]] = {}
        for contact_id, _, field, outcome, code in self.installation.rows(run_id):
            found.setdefault(contact_id, []).append((field, outcome, code))
        return found

    def assert_undisturbed(self, run_id: int) -> None:
        """Every neighbour is verified in this run; whoever is hard has an end with a reason."""
        ends = self.ends(run_id)
        assert [who for who in self.plain if ends.get(who) != [("first_name", "verified", "")]] == []
        for who, address in self.hard.items():
            assert ends.get(who), address
            for _, outcome, code in ends[who]:
                assert outcome == "verified" or code, address
                assert outcome in ("verified", "rejected", "skipped"), (address, code)

    def assert_silent(self) -> None:
        """Nobody who is on the list is sent again. Whom Constant Contact refused a forced resync tries once more."""
        imports = self._imported()
        assert self.installation.run()["api"]["calls"] == 0
        full = self.installation.run("acme", "--full")
        assert (full["counts"]["added"], full["counts"]["updated"]) == (0, 0)
        assert self._imported() == imports

    def _imported(self) -> list[str]:
        there = self.installation.api.members()
        return [address for address in self.installation.api.imported() if address in there]


def _id(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012}"


def test_each_hard_address_has_its_end_and_disturbs_nobody(installation: Installation) -> None:
    street = Street(installation)
    ids = {street.move_in(address, first_name="Hard"): wanted for address, wanted in ADDRESSES.items()}

    report = street.sync()

    street.assert_undisturbed(report["run_id"])
    members, ends = installation.api.members(), street.ends(report["run_id"])
    for contact_id, wanted in ids.items():
        told = {code for _, _, code in ends[contact_id]}
        assert (wanted in members and told == {""}) if "@" in wanted else told == {wanted}, street.hard[contact_id]
    assert report["counts"]["invalid"] == sum(wanted == "invalid" for wanted in ids.values())
    street.assert_silent()


@pytest.mark.parametrize("create_singly", ["no", "yes"])
@pytest.mark.parametrize("most", [50, 80])
def test_long_addresses_are_left_out_or_go_singly(installation: Installation, most: int, create_singly: str) -> None:
    assert [len(address) for address in LONG] == [51, 80]
    installation.api.door.switch(import_email_max=most)
    street = Street(installation)
    ids = [street.move_in(address, first_name="Long") for address in LONG]
    installation.connect()
    assert installation.say("set", "acme", f"create_singly={create_singly}").code == 0

    report = installation.run()

    street.assert_undisturbed(report["run_id"])
    ends, members = street.ends(report["run_id"]), installation.api.members()
    if create_singly == "yes":
        assert {ends[who][0][1:] for who in ids} == {("verified", "")}
        assert set(LONG) <= set(members)
    else:
        assert {ends[who][0][1:] for who in ids} == {("rejected", "needs_single_write")}
    street.assert_silent()


def test_addresses_that_are_not_ascii_are_verified_or_rejected(installation: Installation) -> None:
    street = Street(installation)
    for address in FOREIGN:
        street.move_in(address, first_name="Foreign")
    first = street.sync()
    ends = street.ends(first["run_id"])
    for who in street.plain:
        assert ends[who] == [("first_name", "verified", "")]

    installation.later(20)
    installation.run()

    verdicts = dict(installation.sql("SELECT contact_id, verdict FROM reconciler.pairs"))
    assert {verdicts[who] for who in street.hard} <= {"unchanged", "rejected", "invalid"}
    street.assert_silent()


@pytest.mark.parametrize("too_long", ["error", "cut"])
@pytest.mark.parametrize("switches", [{}, {"fold_names": True, "trim": True}], ids=["as they are", "folded"])
def test_each_hard_name_arrives_and_disturbs_nobody(
    installation: Installation, too_long: str, switches: dict[str, object]
) -> None:
    installation.api.door.switch(too_long=too_long, **switches)
    street = Street(installation)
    kept = {street.move_in(f"h{n}@example.com", first_name=name, last_name=name): name for n, name in enumerate(NAMES)}
    long = [
        street.move_in(f"l{number}@example.com", first_name=name, last_name="Fine", company=name)
        for number, name in enumerate(TOO_LONG)
    ]

    report = street.sync()

    street.assert_undisturbed(report["run_id"])
    people, ends = installation.api.members(), street.ends(report["run_id"])
    for who, name in kept.items():
        there = people[street.hard[who]].get("first_name", "")
        assert there.casefold() == " ".join(name.split()).casefold()
    for who in long:
        assert ("first_name", "skipped", "field_refused") in ends[who]
        assert ("last_name", "verified", "") in ends[who]
        assert "first_name" not in people[street.hard[who]]
    assert report["field_refused"] == len(TOO_LONG)
    street.assert_silent()


@pytest.mark.parametrize("international_phones", ["kept", "ignored"])
def test_hard_phones_keep_nobody_off(installation: Installation, international_phones: str) -> None:
    installation.api.door.switch(international_phones=international_phones)
    street = Street(installation)
    for number, phone in enumerate(
        ("no number", "+49 30 901820", "١٢٣", "9" * 25, "9" * 26, "+", "\U0001f4de 5550100")
    ):
        street.move_in(f"h{number}@example.com", phone=phone, first_name="Hard")
    first = street.sync()
    ends = street.ends(first["run_id"])
    assert [who for who in street.plain if ends[who] != [("first_name", "verified", "")]] == []

    for _ in range(3):
        installation.later(20)
        installation.run()

    assert {
        installation.sql("SELECT verdict FROM reconciler.pairs WHERE contact_id = %s", who)[0] for who in street.hard
    } == {("unchanged",)}
    assert len(installation.api.members()) == len(street.plain) + len(street.hard)
    street.assert_silent()


def test_a_plus_sign_in_a_query_is_escaped(installation: Installation) -> None:
    """A bare plus sign would be read as a blank, and the person taken for new."""
    installation.api.door.contact(action="create", email="ada+news@example.com", fields={"first_name": "Ada"})
    installation.connect()
    installation.add("ada+news@example.com", first_name="Ada", last_name="King")
    installation.add("new+er@example.com", first_name="New")

    report = installation.run()

    history = installation.api.door.state(contacts=False, history=1000)["history"]
    asked = [str(entry["query"]) for entry in history if "email=" in str(entry.get("query", ""))]
    assert asked
    assert all("%2B" in query and "+" not in query for query in asked)
    assert report["counts"]["added"] == 2
    assert set(installation.api.members()) == {"ada+news@example.com", "new+er@example.com"}
