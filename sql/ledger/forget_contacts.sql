-- Leave nothing of some contacts in the mirror but that there is somebody.
-- Parameters: connection_id, among, names (what each is called from now on).
UPDATE reconciler.contacts AS c
SET contact_id = w.name, address = '', address_hash = NULL, fault = '', fields = '{}', refused = '{}', formerly = '{}',
    is_unsure = false, is_forgotten = true
FROM unnest(CAST(:among AS text[]), CAST(:names AS text[])) AS w (contact_id, name)
WHERE c.connection_id = :connection_id AND c.contact_id = w.contact_id
  AND NOT EXISTS (SELECT FROM reconciler.contacts AS d WHERE d.connection_id = c.connection_id AND d.contact_id = w.name);
