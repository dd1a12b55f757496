-- Delete the rows of runs in which an address stands, whoever had it then; the reports stay.
-- Parameters: connection_id, spellings.
DELETE FROM reconciler.run_rows AS r USING reconciler.runs AS u
WHERE u.run_id = r.run_id AND u.connection_id = :connection_id
  AND (ARRAY[r.email, r.before, r.after, r.formerly ->> 'email'] && CAST(:spellings AS text[])
       OR ARRAY[lower(r.email), lower(r.before), lower(r.after), lower(r.formerly ->> 'email')]
          && CAST(:spellings AS text[]));
