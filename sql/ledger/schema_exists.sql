-- Whether migrations were ever recorded here.
SELECT to_regclass('reconciler.schema_migrations') IS NOT NULL AS there;
