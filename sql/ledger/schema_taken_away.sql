-- A migration after which a program can't use the ledger. Parameter: newest (the newest migration that it knows).
SELECT name, oldest_program FROM reconciler.schema_migrations
WHERE oldest_program > :newest ORDER BY oldest_program DESC, version DESC LIMIT 1;
