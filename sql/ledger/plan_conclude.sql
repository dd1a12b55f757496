-- Write down what was decided. Parameters: run_id, digest, added, updated, readdressed.
INSERT INTO reconciler.plans (run_id, digest, added, updated, readdressed, decided_at)
VALUES (:run_id, :digest, :added, :updated, :readdressed, reconciler.clock())
ON CONFLICT (run_id) DO UPDATE
SET digest = EXCLUDED.digest, added = EXCLUDED.added, updated = EXCLUDED.updated, readdressed = EXCLUDED.readdressed,
    decided_at = EXCLUDED.decided_at
RETURNING CAST(CAST(pg_current_xact_id() AS text) AS bigint) AS decided_in;
