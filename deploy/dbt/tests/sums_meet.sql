-- Every contact of a run is in exactly one bucket, and the members and both sides add up.
SELECT run_id, connection, contacts_balance, members_balance, standing_balance
FROM {{ source('reconciler', 'v1_runs') }}
WHERE finished_at IS NOT NULL
  AND (NOT (contacts_balance AND members_balance AND standing_balance)
       OR read + carried_in <> unchanged + added + updated + suppressed + no_email + invalid + duplicate + rejected
                               + deferred + in_doubt)
