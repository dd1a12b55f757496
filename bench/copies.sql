-- Copy the one connection that is there, which is in step, for every other account: only what an idle tick reads.
-- The copies' contacts have other ids in the CRM, and nobody asks for them.

INSERT INTO reconciler.connections OVERRIDING SYSTEM VALUE
SELECT (jsonb_populate_record(c, jsonb_build_object(
    'connection_id', c.connection_id + a.account_id, 'account_id', a.account_id,
    'name', replace(a.encoded_account_id, 'a07e1', ''), 'workspace', replace(a.encoded_account_id, 'a07e1', '')))).*
FROM reconciler.connections AS c, reconciler.accounts AS a WHERE a.account_id <> c.account_id;

-- Their daily comparison is not what is measured.
UPDATE reconciler.connections SET swept_at = reconciler.clock();

INSERT INTO reconciler.watermarks
SELECT (jsonb_populate_record(w, jsonb_build_object('connection_id', o.connection_id))).*
FROM reconciler.connections AS o, reconciler.watermarks AS w WHERE o.connection_id <> w.connection_id;

INSERT INTO reconciler.leases (connection_id, fence, holder, until)
SELECT o.connection_id, t.fence, t.holder, t.until
FROM reconciler.connections AS o, reconciler.leases AS t WHERE o.connection_id <> t.connection_id;

INSERT INTO reconciler.contacts (connection_id, contact_id, address, address_hash, fault, eligible, opted_out, fields,
                                 refused, changed_at)
SELECT o.connection_id, t.contact_id, t.address, t.address_hash, t.fault, t.eligible, t.opted_out, t.fields, t.refused,
       t.changed_at
FROM reconciler.connections AS o, reconciler.contacts AS t WHERE o.connection_id <> t.connection_id;

INSERT INTO reconciler.members (connection_id, member_id, address_hash, status, on_list, address, fields, updated_at,
                                read_at)
SELECT o.connection_id, t.member_id, t.address_hash, t.status, t.on_list, t.address, t.fields, t.updated_at, t.read_at
FROM reconciler.connections AS o, reconciler.members AS t WHERE o.connection_id <> t.connection_id;

INSERT INTO reconciler.pairs (connection_id, contact_id, member_id, contact_digest, member_digest, verdict, decided_at,
                              applied, shown)
SELECT o.connection_id, t.contact_id, t.member_id, t.contact_digest, t.member_digest, t.verdict, t.decided_at, t.applied,
       t.shown
FROM reconciler.connections AS o, reconciler.pairs AS t WHERE o.connection_id <> t.connection_id;

ANALYZE;
