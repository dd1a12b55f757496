"""Sealing and opening credentials."""

from __future__ import annotations

import base64
import contextlib
import hmac
import json
import secrets
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from reconciler.errors import VaultError
from reconciler.key_ring import KEY_ID
from reconciler.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.key_ring import KeyRing

_FORMAT = "v1"
_NONCE_BYTES = 12
_TAG_BYTES = 16
_HASH_BYTES = 16


class Vault:
    """Seal credentials for the ledger and open them again; without a key ring it refuses to do either."""

    # No __dict__: vars() of a vault would show the hash key, which is kept decoded for speed.
    __slots__ = ("_hash_key", "_reload", "_ring", "_token_bytes")

    def __init__(
        self,
        ring: KeyRing | None,
        *,
        token_bytes: Callable[[int], bytes] = secrets.token_bytes,
        reload: Callable[[], KeyRing] | None = None,
    ) -> None:
        self._ring = ring
        self._reload = reload
        self._token_bytes = token_bytes
        self._hash_key = base64.b64decode(ring.hash_key.reveal()) if ring else None

    def seal(self, secret: Secret, *, table: str, row: str, field: str) -> str:
        """Encrypt with the active key, bound to the place: elsewhere the result can't be opened.

        Gives `v1.KEY_ID.BASE64URL(nonce, ciphertext, tag)`.
        """
        ring = self._newest_keys()
        nonce = self._token_bytes(_NONCE_BYTES)
        plain = secret.reveal().encode("utf-8", "surrogatepass")
        box = _cipher(ring.keys[ring.active]).encrypt(nonce, plain, _place(ring.active, table, row, field))
        return f"{_FORMAT}.{ring.active}.{_as_text(nonce + box)}"

    def open(self, sealed: str, *, table: str, row: str, field: str) -> Secret:
        """Decrypt what `seal` gave for the same place; VaultError if it was changed, moved or cut."""
        ring = self._keys()
        key_id, nonce, box = _taken_apart(sealed, f"{table}.{field}")
        if key_id not in ring.keys and self._reload is not None:
            # Another process has rotated the keys since this one began.
            self._ring = ring = self._reload()
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

    def _newest_keys(self) -> KeyRing:
        """The key ring as it is now: another process may have rotated the keys, and even taken the older one out."""
        if self._ring is not None and self._reload is not None:
            # What is to be sealed may be all there is of a token: a ring that can't be read just now is no reason.
            with contextlib.suppress(VaultError):
                self._ring = self._reload()
        return self._keys()

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
    if version != _FORMAT or not KEY_ID.fullmatch(key_id) or box is None:
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
