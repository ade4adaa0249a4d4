-- Schedules of any kind, owned by the admins; what a run tells while it goes on; what the admins were alerted of.

ALTER TABLE schedule ADD COLUMN kind TEXT NOT NULL DEFAULT 'interval' CHECK (kind IN ('interval', 'cron', 'once'));
ALTER TABLE schedule ADD COLUMN spec TEXT;
UPDATE schedule SET spec = every_seconds || 's';
ALTER TABLE schedule ALTER COLUMN spec SET NOT NULL;
ALTER TABLE schedule ALTER COLUMN kind DROP DEFAULT;
ALTER TABLE schedule DROP COLUMN every_seconds;
ALTER TABLE schedule ADD COLUMN zone TEXT NOT NULL DEFAULT 'UTC';
ALTER TABLE schedule ALTER COLUMN zone DROP DEFAULT;
ALTER TABLE schedule ADD CHECK (max_retries >= 0);
ALTER TABLE schedule ADD COLUMN catch_up TEXT NOT NULL DEFAULT 'latest' CHECK (catch_up IN ('latest', 'none'));
ALTER TABLE schedule ALTER COLUMN catch_up DROP DEFAULT;
ALTER TABLE schedule ADD COLUMN pause_after BIGINT NOT NULL DEFAULT 0 CHECK (pause_after >= 0);
ALTER TABLE schedule ALTER COLUMN pause_after DROP DEFAULT;
ALTER TABLE schedule ADD COLUMN failures BIGINT NOT NULL DEFAULT 0;
ALTER TABLE schedule ADD COLUMN heartbeat_url TEXT;
ALTER TABLE schedule ADD COLUMN is_paused_by_failures BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE schedule ADD COLUMN is_parked BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE schedule ALTER COLUMN next_run_at DROP NOT NULL;
ALTER TABLE schedule ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
ALTER TABLE schedule ADD COLUMN updated_at TIMESTAMPTZ;
UPDATE schedule SET updated_at = created_at;
ALTER TABLE schedule ALTER COLUMN updated_at SET NOT NULL;
ALTER TABLE schedule DROP CONSTRAINT schedule_name_key;

DROP INDEX schedule_due;
CREATE UNIQUE INDEX schedule_name ON schedule (name) WHERE deleted_at IS NULL;
CREATE INDEX schedule_due ON schedule (next_run_at)
    WHERE is_enabled AND NOT is_parked AND deleted_at IS NULL AND next_run_at IS NOT NULL;

ALTER TABLE run ADD COLUMN missed BIGINT NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN is_dry_run BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE run ADD COLUMN is_backed_up_first BOOLEAN NOT NULL DEFAULT true;
ALTER TABLE run ADD COLUMN progress_done BIGINT;
ALTER TABLE run ADD COLUMN progress_total BIGINT;
ALTER TABLE run ADD COLUMN cancel_requested_at TIMESTAMPTZ;
ALTER TABLE run ADD COLUMN cancel_requested_by TEXT;
CREATE INDEX run_newest_of_task ON run (task, id);
CREATE INDEX run_waiting ON run (concurrency_key, due_at, id) WHERE state IN ('scheduled', 'retrying');

CREATE TABLE run_log (
    run_id  BIGINT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    number  BIGINT NOT NULL,
    level   TEXT   NOT NULL,
    line    TEXT   NOT NULL,
    said_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (run_id, number)
);

CREATE TABLE alert (
    kind      TEXT NOT NULL,
    subject   TEXT NOT NULL,
    detail    TEXT NOT NULL,
    raised_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (kind, subject)
);
