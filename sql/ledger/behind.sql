-- Contacts that belong on the list, differ from it, and are not kept off, refused or invalid. Parameter: connection_id.
SELECT w.contacts, coalesce(extract(epoch FROM reconciler.clock() - w.since), 0) AS oldest_seconds
FROM reconciler.waiting(:connection_id) AS w;
