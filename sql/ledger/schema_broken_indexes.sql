-- Indexes of the ledger whose building was broken off.
SELECT format('%I.%I', n.nspname, c.relname) AS name
FROM pg_catalog.pg_index AS i
JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = 'reconciler' AND NOT i.indisvalid ORDER BY c.relname;
