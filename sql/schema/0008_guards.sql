-- Guards: which planned changes no limit counts, and which plans somebody approved.
ALTER TABLE reconciler.plan_changes ADD COLUMN is_exempt boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN reconciler.plan_changes.is_exempt IS 'Whether no guard counts it: of an approved plan, or let back in.';
ALTER TABLE reconciler.plans ADD COLUMN is_exempt boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN reconciler.plans.is_exempt IS 'Whether no guard counts any of it: the first sync, or one contact that somebody asked for.';

ALTER TABLE reconciler.connections ADD COLUMN synced_at timestamptz;
COMMENT ON COLUMN reconciler.connections.synced_at IS 'When its first sync was done; NULL: no guard counts it yet.';
UPDATE reconciler.connections SET synced_at = swept_at WHERE started_at IS NOT NULL AND NOT observe;

-- The guards look at the last day only.
CREATE INDEX runs_by_start ON reconciler.runs (connection_id, started_at);

CREATE TABLE reconciler.approvals (
    connection_id bigint NOT NULL REFERENCES reconciler.connections ON DELETE CASCADE,
    run_id bigint NOT NULL REFERENCES reconciler.runs ON DELETE CASCADE,
    approved_at timestamptz NOT NULL,
    approved_by text NOT NULL,
    until timestamptz NOT NULL,
    PRIMARY KEY (connection_id, run_id)
);
COMMENT ON TABLE reconciler.approvals IS 'Plans that were held by a guard and that somebody approved: these contacts and kinds of change.';
COMMENT ON COLUMN reconciler.approvals.connection_id IS 'The connection.';
COMMENT ON COLUMN reconciler.approvals.run_id IS 'The run whose plan was held.';
COMMENT ON COLUMN reconciler.approvals.approved_at IS 'When.';
COMMENT ON COLUMN reconciler.approvals.approved_by IS 'Who.';
COMMENT ON COLUMN reconciler.approvals.until IS 'Until when it counts.';
