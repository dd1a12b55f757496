from __future__ import annotations

import base64
import hashlib
import hmac
import json
import stat
import traceback
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import assume, given
from hypothesis import strategies as st

from reconciler.errors import VaultError
from reconciler.key_ring import KeyRing
from reconciler.secret import Secret
from reconciler.vault import Vault

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = Secret("tok3n-that-nobody-may-see")
any_text = st.text(st.characters())  # surrogates too
places = st.fixed_dictionaries({"table": any_text, "row": any_text, "field": any_text})


def a_key(byte: int) -> str:
    return base64.b64encode(bytes([byte]) * 32).decode()


def a_ring(*key_ids: str, first_byte: int = 1) -> KeyRing:
    keys = {key_id: Secret(a_key(first_byte + at)) for at, key_id in enumerate(key_ids or ("k1",))}
    return KeyRing(active=max(keys), keys=keys, hash_key=Secret(a_key(200)))


def a_vault(*key_ids: str) -> Vault:
    return Vault(a_ring(*key_ids))


def sealed_by(vault: Vault, secret: Secret = TOKEN) -> str:
    return vault.seal(secret, table="accounts", row="7", field="access_token")


def opened_by(vault: Vault, sealed: str) -> Secret:
    return vault.open(sealed, table="accounts", row="7", field="access_token")


def ring_file(directory: Path, content: object, mode: int = 0o600) -> Path:
    path = directory / "keyring.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    path.chmod(mode)
    return path


def a_ring_file(**changed: object) -> dict[str, object]:
    return {"active": "k1", "keys": {"k1": a_key(1)}, "hash_key": a_key(200)} | changed


@given(any_text, places)
def test_what_is_sealed_for_a_place_is_opened_there(text: str, place: dict[str, str]) -> None:
    vault = a_vault()

    assert vault.open(vault.seal(Secret(text), **place), **place).reveal() == text


@given(places, places)
def test_what_is_sealed_for_one_place_is_opened_in_no_other(one: dict[str, str], other: dict[str, str]) -> None:
    assume(one != other)
    vault = a_vault()
    sealed = vault.seal(TOKEN, **one)

    with pytest.raises(VaultError, match="can't be opened with key k1"):
        vault.open(sealed, **other)


def test_a_character_and_its_two_surrogates_are_different_rows() -> None:
    vault = a_vault()
    sealed = vault.seal(TOKEN, table="t", row="\U0001f600", field="f")

    with pytest.raises(VaultError, match="was sealed for another place"):
        vault.open(sealed, table="t", row="\ud83d\ude00", field="f")


@pytest.mark.parametrize("text", ["", "a", "ab", "abc"])  # base64 has spare bits, or not, by length
def test_any_flipped_bit_is_noticed(text: str) -> None:
    vault = a_vault("k1", "k2", "k3")
    sealed = sealed_by(vault, Secret(text)).encode()

    for bit in range(8 * len(sealed)):
        flipped = bytearray(sealed)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(VaultError):
            opened_by(vault, flipped.decode("latin-1"))


@given(st.data())
def test_any_cut_is_noticed(data: st.DataObject) -> None:
    vault = a_vault()
    sealed = sealed_by(vault)

    with pytest.raises(VaultError):
        opened_by(vault, sealed[: data.draw(st.integers(0, len(sealed) - 1))])


@given(any_text | st.text("v1.k20-_=", max_size=60).map("v1.k1.".__add__))
def test_no_text_makes_open_fail_in_another_way(text: str) -> None:
    with pytest.raises(VaultError):
        opened_by(a_vault(), text)


def test_a_sealed_value_says_its_format_its_key_and_is_aes_gcm_over_its_place() -> None:
    vault = Vault(a_ring(), token_bytes=lambda count: b"n" * count)
    place = b'["sage-reconciler",1,"k1","accounts","7","access_token"]'
    box = AESGCM(b"\1" * 32).encrypt(b"n" * 12, TOKEN.reveal().encode(), place)

    assert sealed_by(vault) == "v1.k1." + base64.urlsafe_b64encode(b"n" * 12 + box).decode().rstrip("=")


def test_the_same_secret_is_never_sealed_alike_twice() -> None:
    vault = a_vault()

    assert sealed_by(vault) != sealed_by(vault)


def test_the_active_key_seals_and_the_others_still_open() -> None:
    before, after = a_vault("k1"), a_vault("k1", "k2")

    assert sealed_by(after).startswith("v1.k2.")
    assert opened_by(after, sealed_by(before)) == TOKEN


def test_a_key_that_the_ring_lacks_is_named() -> None:
    with pytest.raises(VaultError, match=r"accounts\.access_token was sealed with key k2, which is not in"):
        opened_by(a_vault("k1"), sealed_by(a_vault("k1", "k2")))


def test_another_key_under_the_same_id_does_not_open() -> None:
    with pytest.raises(VaultError, match=r"accounts\.access_token can't be opened with key k1"):
        opened_by(Vault(a_ring(first_byte=9)), sealed_by(a_vault()))


@pytest.mark.parametrize("stored", [TOKEN.reveal(), f"v1.{TOKEN.reveal()}.x", f"v2.k1.{TOKEN.reveal()}"])
def test_what_was_never_sealed_is_refused_and_not_shown(stored: str) -> None:
    with pytest.raises(VaultError, match=r"accounts\.access_token does not hold a sealed value") as caught:
        opened_by(a_vault(), stored)

    assert TOKEN.reveal() not in "".join(traceback.format_exception(caught.value)) + caught.value.advice


@pytest.mark.parametrize("spoilt", ["=", "\n", ".", "A"])
def test_only_one_spelling_of_a_sealed_value_is_taken(spoilt: str) -> None:
    vault = a_vault()

    with pytest.raises(VaultError):
        opened_by(vault, sealed_by(vault) + spoilt)


def test_without_a_key_ring_nothing_is_sealed_opened_or_hashed() -> None:
    vault = Vault(None)

    for refused in (
        lambda: sealed_by(vault),
        lambda: opened_by(vault, "v1"),
        lambda: vault.keyed_hash("a@b"),
    ):
        with pytest.raises(VaultError, match="without a key nothing is stored") as caught:
            refused()
        assert "`reconciler init`" in caught.value.advice


def test_a_keyed_hash_is_half_of_an_hmac_with_the_rings_hash_key() -> None:
    whole = hmac.new(bytes([200]) * 32, "jürgen@example.com".encode(), hashlib.sha256).digest()

    assert a_vault().keyed_hash("jürgen@example.com") == whole[:16]


def test_a_keyed_hash_does_not_change_with_the_active_key() -> None:
    assert a_vault("k1").keyed_hash("a@b.example") == a_vault("k1", "k2").keyed_hash("a@b.example")


def test_neither_ring_nor_vault_prints_a_key() -> None:
    ring = a_ring()
    shown = f"{ring!r} {Vault(ring)!r}"

    assert a_key(1) not in shown
    assert a_key(200) not in shown
    with pytest.raises(TypeError):
        vars(Vault(ring))


def test_a_created_ring_is_private_and_loads_again(tmp_path: Path) -> None:
    path = tmp_path / "keyring.json"
    ring = KeyRing.create(path)

    assert KeyRing.load(path) == ring
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["keyring.json"]


def test_a_created_ring_has_one_key_and_another_for_hashes(tmp_path: Path) -> None:
    ring = KeyRing.create(tmp_path / "keyring.json")

    assert (ring.active, list(ring.keys)) == ("k1", ["k1"])
    assert ring.hash_key != ring.keys["k1"]


def test_creating_a_ring_again_gives_the_one_that_is_there(tmp_path: Path) -> None:
    first = KeyRing.create(tmp_path / "keyring.json")

    assert KeyRing.create(tmp_path / "keyring.json") == first


def test_creating_a_ring_gives_way_to_one_that_was_made_in_the_meantime(tmp_path: Path) -> None:
    path = tmp_path / "keyring.json"

    def slow_random(count: int) -> bytes:
        if not path.exists():
            ring_file(tmp_path, a_ring_file())
        return bytes(count)

    assert KeyRing.create(path, token_bytes=slow_random) == a_ring()
    assert [entry.name for entry in tmp_path.iterdir()] == ["keyring.json"]


def test_a_broken_ring_is_not_replaced_by_creating_one(tmp_path: Path) -> None:
    path = ring_file(tmp_path, "{")

    with pytest.raises(VaultError, match="is not a JSON object"):
        KeyRing.create(path)
    assert path.read_text() == "{"


def test_a_ring_in_a_directory_that_is_not_there_cannot_be_created(tmp_path: Path) -> None:
    with pytest.raises(VaultError, match="can't be written: No such file or directory"):
        KeyRing.create(tmp_path / "nowhere" / "keyring.json")


def test_a_missing_ring_leads_to_init(tmp_path: Path) -> None:
    with pytest.raises(VaultError, match="There is no key ring at") as caught:
        KeyRing.load(tmp_path / "keyring.json")

    assert "`reconciler init`" in caught.value.advice


def test_a_ring_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(VaultError, match="can't be read: Is a directory"):
        KeyRing.load(tmp_path)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o610, 0o602, 0o601, 0o777])
def test_a_ring_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    path = ring_file(tmp_path, a_ring_file(), mode)

    with pytest.raises(VaultError, match="is open to other users") as caught:
        KeyRing.load(path)

    assert caught.value.advice == f"Run `chmod 600 {path}`."


@pytest.mark.parametrize(
    ("content", "trouble"),
    [
        ("", "is not a JSON object"),
        (a_key(1), "is not a JSON object"),
        ([a_key(1)], "is not a JSON object"),
        ("[" * 100_000, "is not a JSON object"),
        (a_ring_file(active="k2"), "names an active key that is not among its keys"),
        (a_ring_file(active=a_key(1)), "names an active key that is not among its keys"),
        (a_ring_file(active=["k1"]), "names an active key that is not among its keys"),
        (a_ring_file(keys={}), "has no keys"),
        (a_ring_file(keys=[a_key(1)]), "has no keys"),
        (a_ring_file(keys={a_key(1): "k1"}), "has a key id that is not k1, k2 and so on"),
        (a_ring_file(keys={"k1": a_key(1)[:-5] + "!"}), "has a key k1 that is not base64"),
        (a_ring_file(keys={"k1": "é" + a_key(1)}), "has a key k1 that is not base64"),
        (a_ring_file(keys={"k1": 1}), "has a key k1 that is not base64"),
        (a_ring_file(keys={"k1": a_key(1), "k2": "AQEB"}), "has a key k2 of 3 bytes instead of 32"),
        (a_ring_file(hash_key="AQEB"), "has a hash_key of 3 bytes instead of 32"),
        (a_ring_file(hash_key=None), "has a hash_key that is not base64"),
        ({"active": "k1", "keys": {"k1": a_key(1)}}, "has no hash_key"),
    ],
)
def test_a_broken_ring_is_refused_and_its_keys_are_not_shown(tmp_path: Path, content: object, trouble: str) -> None:
    path = ring_file(tmp_path, content)

    with pytest.raises(VaultError, match=trouble) as caught:
        KeyRing.load(path)

    assert "AQEB" not in "".join(traceback.format_exception(caught.value)) + caught.value.advice
    assert caught.value.advice
