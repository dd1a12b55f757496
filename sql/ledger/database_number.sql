-- Which database of its server this is, and when it began to run: the same by whatever way somebody came.
SELECT CAST(d.oid AS text) || ' ' || CAST(pg_postmaster_start_time() AS text) AS number
FROM pg_database AS d WHERE d.datname = current_database();
