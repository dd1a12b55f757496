-- In this transaction: how long a lock is waited for, and after how long a process that has stopped loses its own.
-- Parameters: wait_seconds, hold_seconds.
SELECT set_config('lock_timeout', CAST(1000 * CAST(:wait_seconds AS integer) AS text), true),
       set_config('idle_in_transaction_session_timeout', CAST(1000 * CAST(:hold_seconds AS integer) AS text), true);
