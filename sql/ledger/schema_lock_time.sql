-- In this transaction: how long a lock is waited for. Parameter: seconds.
SELECT set_config('lock_timeout', CAST(CAST(1000 * CAST(:seconds AS double precision) AS integer) AS text), true);
