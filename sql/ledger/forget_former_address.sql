-- Forget an address that a contact had before it got another. Parameters: connection_id, spellings.
UPDATE reconciler.contacts SET formerly = formerly - 'email'
WHERE connection_id = :connection_id
  AND (formerly ->> 'email' = ANY (CAST(:spellings AS text[])) OR lower(formerly ->> 'email') = ANY (CAST(:spellings AS text[])));
