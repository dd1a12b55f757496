"""Sealing and opening credentials, and the keys for it."""

from __future__ import annotations

import base64
import hmac
import json
import os
import re
import secrets
import shlex
import stat
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from reconciler.errors import VaultError
from reconciler.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_FORMAT = "v1"
_KEY_BYTES = 32
_NONCE_BYTES = 12
_TAG_BYTES = 16
_HASH_BYTES = 16
# Strict, so that an id can be shown: nothing of this shape is a key or a token.
_KEY_ID = re.compile(r"k[1-9][0-9]{0,8}")


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Hold the encryption keys, of which one is active, and the key of the hashes.

    Keys are kept as base64 in a Secret. The hash key is one of its own and stays for ever: hashes can't be
    made again with another key, as the addresses behind them are gone.
    """

    active: str
    keys: Mapping[str, Secret]
    hash_key: Secret

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a key ring, or raise VaultError saying what is wrong, without any key material."""
        found = _json_object(_read_private(path))
        if found is None:
            raise _broken(path, "is not a JSON object")
        keys = _checked_keys(path, found.get("keys"))
        active = found.get("active")
        if not isinstance(active, str) or active not in keys:
            raise _broken(path, "names an active key that is not among its keys")
        if "hash_key" not in found:
            raise _broken(path, "has no hash_key")
        return cls(active, keys, _checked_key(path, "hash_key", found["hash_key"]))

    @classmethod
    def create(cls, path: Path, *, token_bytes: Callable[[int], bytes] = secrets.token_bytes) -> Self:
        """Write a new key ring and give it; one that is there already is given as it is, never replaced."""
        if not os.path.lexists(path):
            key, hash_key = (base64.b64encode(token_bytes(_KEY_BYTES)).decode("ascii") for _ in range(2))
            _write_new(path, json.dumps({"active": "k1", "keys": {"k1": key}, "hash_key": hash_key}, indent=2))
        return cls.load(path)


class Vault:
    """Seal credentials for the ledger and open them again; without a key ring it refuses to do either."""

    # No __dict__: vars() of a vault would show the hash key, which is kept decoded for speed.
    __slots__ = ("_hash_key", "_ring", "_token_bytes")

    def __init__(self, ring: KeyRing | None, *, token_bytes: Callable[[int], bytes] = secrets.token_bytes) -> None:
        self._ring = ring
        self._token_bytes = token_bytes
        self._hash_key = base64.b64decode(ring.hash_key.reveal()) if ring else None

    def seal(self, secret: Secret, *, table: str, row: str, field: str) -> str:
        """Encrypt with the active key, bound to the place: elsewhere the result can't be opened.

        Gives `v1.KEY_ID.BASE64URL(nonce, ciphertext, tag)`.
        """
        ring = self._keys()
        nonce = self._token_bytes(_NONCE_BYTES)
        plain = secret.reveal().encode("utf-8", "surrogatepass")
        box = _cipher(ring.keys[ring.active]).encrypt(nonce, plain, _place(ring.active, table, row, field))
        return f"{_FORMAT}.{ring.active}.{_as_text(nonce + box)}"

    def open(self, sealed: str, *, table: str, row: str, field: str) -> Secret:
        """Decrypt what `seal` gave for the same place; VaultError if it was changed, moved or cut."""
        ring = self._keys()
        key_id, nonce, box = _taken_apart(sealed, f"{table}.{field}")
        if key_id not in ring.keys:
            raise VaultError(
                f"{table}.{field} was sealed with key {key_id}, which is not in the key ring.",
                advice="Put that key back into the key ring from a backup, or connect again.",
            )
        try:
            plain = _cipher(ring.keys[key_id]).decrypt(nonce, box, _place(key_id, table, row, field))
        except InvalidTag as exc:
            raise VaultError(
                f"{table}.{field} can't be opened with key {key_id}: "
                "it was changed, was sealed for another place, or that key is not the one it was.",
                advice="Connect again to store a new credential.",
            ) from exc
        return Secret(plain.decode("utf-8", "surrogatepass"))

    def keyed_hash(self, text: str) -> bytes:
        """Give 16 bytes that stand for a folded address and can't be turned back into it.

        Equal texts have equal hashes as long as the key ring's hash key is the same. Folding is the caller's.
        """
        if self._hash_key is None:
            raise no_keys()
        # One-shot OpenSSL: this runs once for each address of an account, a million times in a sweep.
        return hmac.digest(self._hash_key, text.encode("utf-8", "surrogatepass"), "sha256")[:_HASH_BYTES]

    def _keys(self) -> KeyRing:
        if self._ring is None:
            raise no_keys()
        return self._ring


def no_keys() -> VaultError:
    """What to say where no key ring is named."""
    return VaultError(
        "There is no key ring, and without a key nothing is stored.",
        advice="Name a file in RECONCILER_KEYRING and run `reconciler init`, which makes it.",
    )


def _cipher(key: Secret) -> AESGCM:
    return AESGCM(base64.b64decode(key.reveal()))


def _place(key_id: str, table: str, row: str, field: str) -> bytes:
    """Give the data that a sealed value is bound to.

    JSON, so that no two places read the same when joined; plain UTF-8, as JSON's own escapes would write a
    character and its two surrogates alike.
    """
    place = ["sage-reconciler", 1, key_id, table, row, field]
    return json.dumps(place, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def _as_text(box: bytes) -> str:
    return base64.urlsafe_b64encode(box).rstrip(b"=").decode("ascii")


def _taken_apart(sealed: str, what: str) -> tuple[str, bytes, bytes]:
    """Give key id, nonce, and ciphertext with tag; show nothing of a text that has another shape."""
    version, _, rest = sealed.partition(".")
    key_id, _, text = rest.partition(".")
    box = _from_text(text)
    if version != _FORMAT or not _KEY_ID.fullmatch(key_id) or box is None:
        raise VaultError(
            f"{what} does not hold a sealed value of this program.",
            advice="It was changed by hand, or by a newer version; connect again to store it anew.",
        )
    return key_id, box[:_NONCE_BYTES], box[_NONCE_BYTES:]


def _from_text(text: str) -> bytes | None:
    try:
        box = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return None
    # The decoder ignores foreign characters and spare bits; only the one spelling of `seal` is taken.
    return box if _as_text(box) == text and len(box) >= _NONCE_BYTES + _TAG_BYTES else None


def _broken(path: Path, trouble: str) -> VaultError:
    return VaultError(
        f"The key ring {path} {trouble}.",
        advice="Restore the file from a backup: what was sealed with its keys can't be opened without them.",
    )


def _read_private(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            # Asked of the open file, not of the path, which could be another one a moment later.
            is_private = not os.fstat(file.fileno()).st_mode & (stat.S_IRWXG | stat.S_IRWXO)
            content = file.read() if is_private else b""
    except FileNotFoundError as exc:
        raise VaultError(
            f"There is no key ring at {path}.",
            advice="Run `reconciler init`, which makes it, or correct RECONCILER_KEYRING.",
        ) from exc
    except OSError as exc:
        raise VaultError(
            f"The key ring {path} can't be read: {exc.strerror}.",
            advice="Make it a file that the user of this program owns and can read.",
        ) from exc
    if not is_private:
        raise VaultError(
            f"The key ring {path} is open to other users.",
            advice=f"Run `chmod 600 {shlex.quote(str(path))}`.",
        )
    return content


def _json_object(content: bytes) -> dict[str, object] | None:
    # No exception leaves here: json's own carries the whole text along, and that is the keys.
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _checked_keys(path: Path, found: object) -> dict[str, Secret]:
    if not isinstance(found, dict) or not found:
        raise _broken(path, "has no keys")
    if not all(_KEY_ID.fullmatch(key_id) for key_id in found):
        raise _broken(path, "has a key id that is not k1, k2 and so on")
    return {key_id: _checked_key(path, f"key {key_id}", encoded) for key_id, encoded in found.items()}


def _checked_key(path: Path, name: str, encoded: object) -> Secret:
    raw = _from_base64(encoded)
    if not isinstance(encoded, str) or raw is None:
        raise _broken(path, f"has a {name} that is not base64")
    if len(raw) != _KEY_BYTES:
        raise _broken(path, f"has a {name} of {len(raw)} bytes instead of {_KEY_BYTES}")
    return Secret(encoded)


def _from_base64(encoded: object) -> bytes | None:
    try:
        return base64.b64decode(encoded, validate=True) if isinstance(encoded, str) else None
    except ValueError:
        return None


def _write_new(path: Path, text: str) -> None:
    try:
        _link_new(path, text)
        _sync_directory(path.parent)
    except OSError as exc:
        raise VaultError(
            f"The key ring {path} can't be written: {exc.strerror}.",
            advice=f"Let this user write to the directory {path.parent}, or change RECONCILER_KEYRING.",
        ) from exc


def _link_new(path: Path, text: str) -> None:
    descriptor, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # O_EXCL, 0600
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(descriptor)
        # A link, not a rename: that would replace a ring which another `init` made a moment ago.
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        Path(draft).unlink()


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
