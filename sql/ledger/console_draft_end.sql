-- Forget a draft with its secrets. Parameter: draft_id.
DELETE FROM reconciler.console_drafts WHERE draft_id = :draft_id;
