-- Put a value of a draft that was sealed anew in the place of the old one, unless that has been replaced meanwhile.
-- Parameters: draft_id, field, old, sealed.
UPDATE reconciler.console_drafts
SET sealed = jsonb_set(sealed, ARRAY[CAST(:field AS text)], to_jsonb(CAST(:sealed AS text)))
WHERE draft_id = :draft_id AND sealed ->> :field = :old;
