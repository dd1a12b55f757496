-- Use a one-time sign-in address up, if it is good yet. Parameter: link_hash.
UPDATE reconciler.console_links SET used_at = reconciler.clock()
WHERE link_hash = :link_hash AND used_at IS NULL AND good_until > reconciler.clock()
RETURNING grants, made_by;
