"""What digests are made of."""

from __future__ import annotations

from reconciler.ledger.database import as_digested


def test_a_plan_s_digest_outlives_an_upgrade_because_its_form_never_changes() -> None:
    change = ["7", "add", "person@example.com", {"last_name": "Öz", "first_name": "A"}]

    assert as_digested(change) == '["7", "add", "person@example.com", {"first_name": "A", "last_name": "Öz"}]'.encode()
