-- A place for the queue's tables, and for which of its own migrations have run. Three statements.
CREATE SCHEMA IF NOT EXISTS reconciler_queue;
CREATE TABLE IF NOT EXISTS reconciler_queue.applied (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now());
SET LOCAL search_path TO reconciler_queue;
