-- Two roles instead of one: who owns the ledger's tables, and the one that the program runs as.
-- The program can't change what the audit says then, nor the schema, nor what is written down of migrations.
--
--   psql --set=program=reconciler_program --file=roles.sql DATABASE
--
-- Run it as the owner, after `reconciler schema apply` has made the tables, and again after each later `schema apply`.
-- Make the role first: CREATE ROLE reconciler_program LOGIN PASSWORD '...';

\if :{?program} \else \set program reconciler_program \endif

GRANT USAGE ON SCHEMA reconciler TO :"program";
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA reconciler TO :"program";
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA reconciler TO :"program";

-- What the program only reads, or only adds to.
REVOKE INSERT, UPDATE, DELETE ON reconciler.schema_migrations, reconciler.clock_offset FROM :"program";
REVOKE UPDATE, DELETE ON reconciler.audit FROM :"program";

-- Staging tables are temporary; and from PostgreSQL 17 on it may tell the planner of new rows by itself. Before 17 only
-- the owner may: there autovacuum does, a little later.
SELECT format('GRANT TEMPORARY ON DATABASE %I TO %I', current_database(), :'program') \gexec
SELECT format('GRANT MAINTAIN ON ALL TABLES IN SCHEMA reconciler TO %I', :'program')
WHERE current_setting('server_version_num')::integer >= 170000 \gexec


-- The queue of workers, where `schema apply` has made it.
SELECT format(command, :'program') FROM unnest(ARRAY[
    'GRANT USAGE ON SCHEMA reconciler_queue TO %I',
    'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA reconciler_queue TO %I',
    'GRANT USAGE ON ALL SEQUENCES IN SCHEMA reconciler_queue TO %I'
]) AS command WHERE to_regnamespace('reconciler_queue') IS NOT NULL \gexec
