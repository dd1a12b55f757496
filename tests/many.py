"""More connections than one, made of one that was connected: each with a workspace and a list of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tests.installation import Installation

_COPY: Final = """
    INSERT INTO reconciler.connections OVERRIDING SYSTEM VALUE
    SELECT (jsonb_populate_record(c, jsonb_build_object(
        'connection_id', nextval(pg_get_serial_sequence('reconciler.connections', 'connection_id')),
        'name', CAST(%s AS text), 'workspace', CAST(%s AS text), 'list_id', CAST(%s AS text),
        'crm_url_sealed', NULL))).*
    FROM reconciler.connections AS c WHERE c.name = %s"""


def connect_many(installation: Installation, *names: str, like: str = "acme") -> dict[str, str]:
    """Connect workspaces called as their connections, in no time; gives each one's list."""
    lists = {}
    for name in names:
        lists[name] = str(installation.api.door.list(action="create", name=name)["list_id"])
        installation.sql(_COPY, name, name, lists[name], like)
    return lists
