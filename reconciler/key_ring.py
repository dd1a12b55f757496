"""The key ring: a file with the encryption keys, of which one is active, and the key of the hashes."""

from __future__ import annotations

import base64
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
from typing import TYPE_CHECKING, Final, Self

from reconciler.errors import VaultError
from reconciler.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_KEY_BYTES: Final = 32
# Strict, so that an id can be shown: nothing of this shape is a key or a token.
KEY_ID: Final = re.compile(r"k[1-9][0-9]{0,8}")


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
            _write(path, json.dumps({"active": "k1", "keys": {"k1": key}, "hash_key": hash_key}, indent=2), _link_new)
        return cls.load(path)

    @property
    def newest(self) -> str:
        """The id of the key that was made last."""
        return max(self.keys, key=_number)

    @property
    def prepared(self) -> str | None:
        """The id of a key that was made for the next rotation and is not active yet; None where there is none."""
        return self.newest if _number(self.newest) > _number(self.active) else None

    def with_another_key(self, *, token_bytes: Callable[[int], bytes] = secrets.token_bytes) -> KeyRing:
        """The same keys and a new one, which is not active yet."""
        key = Secret(base64.b64encode(token_bytes(_KEY_BYTES)).decode("ascii"))
        return KeyRing(self.active, {**self.keys, f"k{_number(self.newest) + 1}": key}, self.hash_key)

    def with_newest_active(self) -> KeyRing:
        """The same keys, of which the one that was made last is active."""
        return KeyRing(self.newest, self.keys, self.hash_key)

    def without(self, key_id: str) -> KeyRing:
        """The same keys but for one that is not active."""
        return KeyRing(self.active, {each: key for each, key in self.keys.items() if each != key_id}, self.hash_key)

    def save(self, path: Path) -> None:
        """Put this ring in the place of the one that is there, all or nothing. Raises VaultError."""
        keys = {key_id: key.reveal() for key_id, key in self.keys.items()}
        text = json.dumps({"active": self.active, "keys": keys, "hash_key": self.hash_key.reveal()}, indent=2)
        _write(path, text, os.replace)


def _number(key_id: str) -> int:
    return int(key_id[1:])


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
    if not all(KEY_ID.fullmatch(key_id) for key_id in found):
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


def _write(path: Path, text: str, put: Callable[[str, Path], None]) -> None:
    try:
        _draft(path, text, put)
        _sync_directory(path.parent)
    except OSError as exc:
        raise VaultError(
            f"The key ring {path} can't be written: {exc.strerror}.",
            advice=f"Let this user write to the directory {path.parent}, or change RECONCILER_KEYRING.",
        ) from exc


def _draft(path: Path, text: str, put: Callable[[str, Path], None]) -> None:
    descriptor, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # O_EXCL, 0600
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(descriptor)
        put(draft, path)
    finally:
        Path(draft).unlink(missing_ok=True)


def _link_new(draft: str, path: Path) -> None:
    # A link, not a rename: that would replace a ring which another `init` made a moment ago.
    with suppress(FileExistsError):
        os.link(draft, path)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
