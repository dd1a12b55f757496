-- When each connection is due, for workers on any number of machines; one scheduler alone needs none of it.

CREATE TABLE reconciler.schedules (
    connection_id bigint PRIMARY KEY REFERENCES reconciler.connections ON DELETE CASCADE,
    due_at timestamptz NOT NULL
);
COMMENT ON TABLE reconciler.schedules IS 'When each connection is due next. Who claims one sets the next time in the same statement.';
COMMENT ON COLUMN reconciler.schedules.connection_id IS 'The connection.';
COMMENT ON COLUMN reconciler.schedules.due_at IS 'From when on a worker may claim it; our clock.';
CREATE INDEX schedules_due ON reconciler.schedules (due_at);

-- What a person changes is looked at by the next claim, whatever was due when; nobody has to remember it.
CREATE FUNCTION reconciler.due_now() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO reconciler.schedules (connection_id, due_at) VALUES (NEW.connection_id, reconciler.clock())
    ON CONFLICT (connection_id) DO UPDATE SET due_at = EXCLUDED.due_at;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION reconciler.due_now IS 'Makes a connection due, because somebody has changed it.';
CREATE TRIGGER due_now_that_it_is_there AFTER INSERT ON reconciler.connections
FOR EACH ROW EXECUTE FUNCTION reconciler.due_now();
CREATE TRIGGER due_now_that_it_is_changed AFTER UPDATE ON reconciler.connections
FOR EACH ROW
WHEN ((OLD.settings, OLD.started_at, OLD.paused_at, OLD.disconnected_at)
      IS DISTINCT FROM (NEW.settings, NEW.started_at, NEW.paused_at, NEW.disconnected_at))
EXECUTE FUNCTION reconciler.due_now();

INSERT INTO reconciler.schedules (connection_id, due_at)
SELECT connection_id, reconciler.clock() FROM reconciler.connections;

CREATE FUNCTION reconciler.next_due(of_connection bigint, every_seconds double precision) RETURNS timestamptz
LANGUAGE sql STABLE AS $$
    -- The golden ratio spreads consecutive numbers as evenly as can be. Who is late skips a time that is near.
    SELECT to_timestamp(every_seconds * (floor((w.now - w.phase) / every_seconds + 0.5) + 1) + w.phase)
    FROM (SELECT CAST(extract(epoch FROM reconciler.clock()) AS double precision) AS now,
                 every_seconds * mod(CAST(of_connection * 0.6180339887498949 AS numeric), 1) AS phase) AS w
$$;
COMMENT ON FUNCTION reconciler.next_due IS 'The next of the times at which a connection is due, half an interval away or more: they are an interval apart, and spread over connections.';
