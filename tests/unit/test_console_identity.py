"""The proxy's word: who signs it, for whom, for how long, and what it may say."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any, Final

import jwt
import pytest
from cryptography.hazmat.primitives import serialization as ser
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa, x25519
from hypothesis import given
from hypothesis import strategies as st

from reconciler.console import identity
from reconciler.console.access import Grants, Role
from reconciler.console.identity import NotBelieved, Proxy
from reconciler.errors import SettingsError
from reconciler.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

NOW: Final = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
STAMP: Final = int(NOW.timestamp())
KEY: Final = ed25519.Ed25519PrivateKey.from_private_bytes(b"1" * 32)
OTHER: Final = ed25519.Ed25519PrivateKey.from_private_bytes(b"2" * 32)


def public(key: Any, how: ser.PublicFormat = ser.PublicFormat.SubjectPublicKeyInfo) -> str:
    encoding = ser.Encoding.OpenSSH if how is ser.PublicFormat.OpenSSH else ser.Encoding.PEM
    return str(key.public_key().public_bytes(encoding, how).decode())


def private(key: Any) -> str:
    return str(key.private_bytes(ser.Encoding.PEM, ser.PrivateFormat.PKCS8, ser.NoEncryption()).decode())


PROXY: Final = Proxy(public(KEY), "reconciler", None)
GOOD: Final = {
    "sub": "u-1042",
    "aud": "reconciler",
    "iat": STAMP - 10,
    "exp": STAMP + 290,
    "auth_time": STAMP - 60,
    "workspaces": {"acme": "admin", "globex": "viewer"},
}


def word(key: Any = KEY, algorithm: str = "EdDSA", /, **claims: object) -> str:
    """A proxy's word; a claim that is `...` is left out."""
    said = {name: value for name, value in {**GOOD, **claims}.items() if value is not ...}
    return jwt.encode(said, key, algorithm=algorithm)


def by_hand(header: dict[str, object], secret: bytes = b"") -> str:
    """A word as no library would make it: signed by HMAC with this secret, or not at all."""
    parts = [base64.urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=") for each in (header, GOOD)]
    body = b".".join(parts)
    signature = hmac.new(secret, body, hashlib.sha256).digest() if secret else b""
    return (body + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


def refused(text: str) -> str:
    with pytest.raises(NotBelieved) as said:
        identity.person(PROXY, text, NOW)
    return str(said.value)


def test_a_good_word_says_who_it_is_what_they_may_do_and_when_they_proved_it() -> None:
    found = identity.person(PROXY, word(), NOW)
    assert (found.subject, found.method, found.actor) == ("u-1042", "proxy", "console:u-1042")
    assert found.grants == Grants({"acme": Role.ADMIN, "globex": Role.VIEWER})
    assert found.authenticated_at == NOW - dt.timedelta(seconds=60)


def test_a_word_that_another_key_signed_is_not_believed() -> None:
    assert refused(word(OTHER)) == "InvalidSignatureError"


@pytest.mark.parametrize("name", ["none", "None", "NONE", ""])
def test_a_word_that_nobody_signed_is_not_believed(name: str) -> None:
    refused(by_hand({"alg": name, "typ": "JWT"}))
    refused(by_hand({"typ": "JWT"}))


@pytest.mark.parametrize(
    "secret", [PROXY.key, PROXY.key.strip(), "\n".join(PROXY.key.splitlines()[1:-1])], ids=range(3)
)
@pytest.mark.parametrize("algorithm", ["HS256", "EdDSA"])
def test_the_public_key_is_no_secret_to_sign_with(algorithm: str, secret: str) -> None:
    refused(by_hand({"alg": algorithm, "typ": "JWT"}, secret.encode()))


def test_other_kinds_of_keys_are_not_believed() -> None:
    refused(word(rsa.generate_private_key(65537, 2048), "RS256"))
    refused(word(ec.generate_private_key(ec.SECP256R1()), "ES256"))


def test_a_key_that_the_word_itself_brings_is_not_believed() -> None:
    mine = json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(OTHER.public_key()))
    refused(jwt.encode(GOOD, OTHER, algorithm="EdDSA", headers={"jwk": mine, "kid": "/dev/null"}))


@pytest.mark.parametrize(
    "aud", [..., "another", "", None, [], ["another"], "Reconciler", "reconciler ", 7, {"reconciler": True}]
)
def test_a_word_for_somebody_else_is_not_believed(aud: object) -> None:
    refused(word(aud=aud))


@pytest.mark.parametrize("name", ["sub", "aud", "iat", "exp", "workspaces"])
def test_a_word_that_leaves_out_what_it_must_say_is_not_believed(name: str) -> None:
    refused(word(**{name: ...}))
    refused(word(**{name: None}))


def test_a_word_is_good_for_five_minutes_and_never_longer() -> None:
    assert identity.person(PROXY, word(iat=STAMP, exp=STAMP + 300), NOW).subject == "u-1042"
    assert "longer than 300" in refused(word(iat=STAMP, exp=STAMP + 301))
    assert "longer than 300" in refused(word(iat=STAMP - 86_400, exp=STAMP + 60))


@pytest.mark.parametrize(
    ("iat", "exp", "nbf", "is_good"),
    [
        (-310, -29, ..., True),
        (-310, -31, ..., False),
        (29, 300, ..., True),
        (31, 300, ..., False),
        (-10, 200, 29, True),
        (-10, 200, 31, False),
        (-10, 200, -10, True),
        (20, -20, ..., False),
    ],
)
def test_a_word_is_good_from_its_beginning_to_its_end_but_for_half_a_minute_between_clocks(
    *, iat: int, exp: int, nbf: Any, is_good: bool
) -> None:
    said = word(iat=STAMP + iat, exp=STAMP + exp, nbf=nbf if nbf is ... else STAMP + nbf)
    if is_good:
        assert identity.person(PROXY, said, NOW).subject == "u-1042"
    else:
        refused(said)


@pytest.mark.parametrize("name", ["iat", "exp", "nbf"])
@pytest.mark.parametrize("value", ["soon", "", True, [], {}, 1e300, float("nan"), float("inf"), -1e18, "1772366400"])
def test_a_time_that_is_none_is_not_believed(name: str, value: object) -> None:
    refused(word(**{name: value}))


@pytest.mark.parametrize("value", [..., None, "yesterday", True, [], float("nan"), 1e300, STAMP + 3600])
def test_who_does_not_say_when_they_proved_who_they_are_is_never_fresh(value: object) -> None:
    found = identity.person(PROXY, word(auth_time=value), NOW)
    assert not found.is_fresh(NOW, 600)


def test_two_clocks_that_do_not_agree_to_the_second_take_no_proof_away() -> None:
    found = identity.person(PROXY, word(auth_time=STAMP + 20), NOW)
    assert found.authenticated_at == NOW


@pytest.mark.parametrize("value", [..., None, "admin", ["acme"], 3, True, [["acme", "admin"]], "*"])
def test_workspaces_of_another_shape_are_not_believed(value: object) -> None:
    refused(word(workspaces=value))


@pytest.mark.parametrize("role", ["owner", "Admin", "", None, 3, True, ["admin"], {"admin": True}])
def test_a_role_that_is_none_grants_nothing_and_takes_nothing_from_the_others(role: object) -> None:
    found = identity.person(PROXY, word(workspaces={"acme": role, "globex": "operator"}), NOW)
    assert found.grants == Grants({"globex": Role.OPERATOR})


def test_no_workspaces_are_believed_and_grant_nothing() -> None:
    assert identity.person(PROXY, word(workspaces={}), NOW).grants.highest is None


@pytest.mark.parametrize(
    "sub", ["", None, 7, True, ["u-1"], {"id": 1}, "a\nb", "a\0b", "\ud800", "x\u202ey", "x" * 201, "   "]
)
def test_a_subject_that_neither_the_audit_nor_a_log_line_can_hold_is_not_believed(sub: object) -> None:
    refused(word(sub=sub))


@pytest.mark.parametrize("workspace", ["a\0b", "\ud800"])
def test_a_workspace_that_no_ledger_can_hold_is_not_believed(workspace: str) -> None:
    refused(word(workspaces={workspace: "admin"}))


@given(st.text(max_size=60))
def test_what_is_no_word_at_all_is_refused_and_breaks_nothing(text: str) -> None:
    refused(text)


@pytest.mark.parametrize("deep", ["[" * 20_000, '{"a":' * 9_000, "9" * 5_000])
def test_a_header_that_is_hard_to_read_is_refused_and_breaks_nothing(deep: str) -> None:
    part = base64.urlsafe_b64encode(deep.encode()).rstrip(b"=").decode()
    refused(f"{part}.{part}.{part}")


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_word_with_any_one_letter_changed_is_not_believed(place: int, by: int) -> None:
    good = word()
    place %= good.rindex(".") + 1  # of the signature the last letter has bits that nobody reads
    letter = chr((ord(good[place]) + by) % 256)
    refused(good[:place] + letter + good[place + 1 :])


def test_a_refusal_repeats_nothing_of_the_word() -> None:
    said = [refused(word(OTHER)), refused(word(aud="hidden-word")), refused(word(sub=["hidden-word"]))]
    assert not any("hidden" in each or "u-1042" in each for each in said)


def settings(path: Path | None, audience: str | None = "reconciler") -> Settings:
    return Settings(console_identity_key=path, console_audience=audience)


def key_refused(path: Path, audience: str | None = "reconciler") -> str:
    with pytest.raises(SettingsError) as said:
        identity.of(settings(path, audience))
    assert said.value.advice
    return str(said.value)


def test_without_a_key_there_is_no_proxy() -> None:
    assert identity.of(settings(None)) is None


def test_a_public_key_with_its_audience_is_a_proxy(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text(public(KEY))
    proxy = identity.of(settings(tmp_path / "key.pem"))
    assert proxy is not None
    assert identity.person(proxy, word(), NOW).subject == "u-1042"


def test_a_key_without_an_audience_would_take_a_word_that_was_said_to_somebody_else(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text(public(KEY))
    for audience in (None, ""):
        assert "for whom" in key_refused(tmp_path / "key.pem", audience)


#: What a file may have in it by mistake.
WRONG: Final[Mapping[str, Callable[[], str]]] = {
    "private": lambda: private(KEY),
    "private as ssh has it": lambda: private(KEY).replace("BEGIN PRIVATE", "BEGIN OPENSSH PRIVATE"),
    "both": lambda: public(KEY) + private(KEY),
    "rsa": lambda: public(rsa.generate_private_key(65537, 2048)),
    "ec": lambda: public(ec.generate_private_key(ec.SECP256R1())),
    "ed448": lambda: public(ed448.Ed448PrivateKey.generate()),
    "x25519": lambda: public(x25519.X25519PrivateKey.generate()),
    "as ssh has it": lambda: public(KEY, ser.PublicFormat.OpenSSH),
    "empty": lambda: "",
    "words": lambda: "no key at all\n",
    "nothing between": lambda: "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n",
    "too little between": lambda: "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
    "broken off": lambda: public(KEY)[:60],
    "other letters": lambda: "\u00fc",
}


@pytest.mark.parametrize("what", WRONG)
def test_a_file_that_has_no_such_key_is_refused_in_words(what: str, tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text(WRONG[what](), encoding="utf-8")
    told = "a private key" if what.startswith(("private", "both")) else "no Ed25519"
    assert told in key_refused(tmp_path / "key.pem")


def test_a_file_that_is_no_text_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_bytes(bytes(range(256)))
    assert "no Ed25519" in key_refused(tmp_path / "key.pem")


def test_a_file_that_is_not_there_or_is_no_file_is_refused_in_words(tmp_path: Path) -> None:
    assert "can't be read" in key_refused(tmp_path / "missing")
    assert "can't be read" in key_refused(tmp_path)
