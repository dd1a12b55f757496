"""A CRM's database: read only, in one snapshot, with a deadline. No session state is ever set."""

from reconciler.crm.database import Crm
from reconciler.crm.snapshot import Snapshot

__all__ = ["Crm", "Snapshot"]
