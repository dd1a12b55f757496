-- Which server the ledger is on. May only be asked where `server_may_be_asked` says so.
SELECT CAST(s.system_identifier AS text) AS system_identifier,
       CASE WHEN pg_is_in_recovery() THEN c.timeline_id
            ELSE CAST(CAST('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8) AS bit(32)) AS integer) END AS timeline
FROM pg_control_system() AS s, pg_control_checkpoint() AS c;
