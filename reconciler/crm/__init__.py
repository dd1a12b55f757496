"""A CRM's database: read only, in one snapshot, with a deadline. No session state is ever set."""

from reconciler.crm.database import Ask, Crm
from reconciler.crm.snapshot import Snapshot

__all__ = ["Ask", "Crm", "Snapshot"]
