"""Settings whose text lies in a file, as Docker, Kubernetes and systemd hand out secrets: not in the environment.

The environment of a process is inherited by its children, and shown by `docker inspect` and in crash reports.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from reconciler.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: The settings that are secrets, or have some in them; the key ring is a file in any case.
_SECRET: Final = (
    "RECONCILER_DATABASE_URL",
    "RECONCILER_CRM_URL",
    "RECONCILER_QUEUE_URL",
    "RECONCILER_HEALTHCHECK_URL",
    "RECONCILER_NOTIFY_URL",
)
_MOST_BYTES: Final = 100_000
#: The variables that name such a file.
NAMES: Final = tuple(f"{name}_FILE" for name in _SECRET)


def resolved(given: Mapping[str, str], note: Callable[[str, SettingsError], None]) -> dict[str, str]:
    """The variables, with the text of its file for each that is named by one; what is wrong is noted.

    No path is ever shown, as the secret itself may have been put there.
    """
    found = dict(given)
    for name in _SECRET:
        path = given.get(f"{name}_FILE", "").strip()
        if not path:
            continue
        try:
            found[name] = _read(name, path, given.get(name, "").strip())
        except SettingsError as fault:
            note(f"{name}_FILE", fault)
    return found


def _read(name: str, path: str, said: str) -> str:
    if said:
        raise SettingsError(f"{name} is set too.", advice="Leave one of the two out.")
    advice = "Name a file that the user of this program can read."
    try:
        with Path(path).open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # Not chained: the exception carries the file's content along.
        raise SettingsError("The file is not UTF-8.", advice="Save it as UTF-8.") from None
    except (OSError, ValueError) as error:  # a ValueError is a NUL byte in the path
        told = getattr(error, "strerror", None) or "it is no path"
        raise SettingsError(f"The file can't be read: {told}.", advice=advice) from None
    if not text.strip() or len(content) > _MOST_BYTES:
        raise SettingsError("The file is empty, or far too large.", advice="Write nothing but the value into it.")
    return text
