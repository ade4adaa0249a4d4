-- Schedules of any kind, owned by the admins; what a run tells while it goes on; what the admins were alerted of.

CREATE TABLE schedule_0003 (
    id                INTEGER PRIMARY KEY AUTOINCREMENT,
    name              TEXT    NOT NULL,
    task              TEXT    NOT NULL,
    kind              TEXT    NOT NULL CHECK (kind IN ('interval', 'cron', 'once')),
    spec              TEXT    NOT NULL,
    zone              TEXT    NOT NULL,
    payload           TEXT    NOT NULL,
    max_retries       INTEGER NOT NULL CHECK (max_retries >= 0),
    catch_up          TEXT    NOT NULL CHECK (catch_up IN ('latest', 'none')),
    pause_after       INTEGER NOT NULL CHECK (pause_after >= 0),
    failures          INTEGER NOT NULL DEFAULT 0,
    heartbeat_url     TEXT,
    is_enabled        INTEGER NOT NULL CHECK (is_enabled IN (0, 1)),
    is_paused_by_failures INTEGER NOT NULL DEFAULT 0 CHECK (is_paused_by_failures IN (0, 1)),
    is_parked         INTEGER NOT NULL DEFAULT 0 CHECK (is_parked IN (0, 1)),
    is_from_environment INTEGER NOT NULL CHECK (is_from_environment IN (0, 1)),
    next_run_at       INTEGER,
    last_scheduled_at INTEGER,
    version           INTEGER NOT NULL DEFAULT 1,
    created_at        INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL,
    deleted_at        INTEGER
) STRICT;

INSERT INTO schedule_0003 (id, name, task, kind, spec, zone, payload, max_retries, catch_up, pause_after, is_enabled,
                           is_from_environment, next_run_at, last_scheduled_at, created_at, updated_at, deleted_at)
SELECT id, name, task, 'interval', every_seconds || 's', 'UTC', payload, max_retries, 'latest', 0, is_enabled,
       is_from_environment, next_run_at, last_scheduled_at, created_at, created_at, deleted_at
  FROM schedule;

DROP TABLE schedule;
ALTER TABLE schedule_0003 RENAME TO schedule;

CREATE UNIQUE INDEX schedule_name ON schedule (name) WHERE deleted_at IS NULL;
CREATE INDEX schedule_due ON schedule (next_run_at)
    WHERE is_enabled AND NOT is_parked AND deleted_at IS NULL AND next_run_at IS NOT NULL;

ALTER TABLE run ADD COLUMN missed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN is_dry_run INTEGER NOT NULL DEFAULT 0 CHECK (is_dry_run IN (0, 1));
ALTER TABLE run ADD COLUMN is_backed_up_first INTEGER NOT NULL DEFAULT 1 CHECK (is_backed_up_first IN (0, 1));
ALTER TABLE run ADD COLUMN progress_done INTEGER;
ALTER TABLE run ADD COLUMN progress_total INTEGER;
ALTER TABLE run ADD COLUMN cancel_requested_at INTEGER;
ALTER TABLE run ADD COLUMN cancel_requested_by TEXT;
CREATE INDEX run_newest_of_task ON run (task, id);
CREATE INDEX run_waiting ON run (concurrency_key, due_at, id) WHERE state IN ('scheduled', 'retrying');

CREATE TABLE run_log (
    run_id  INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    number  INTEGER NOT NULL,
    level   TEXT    NOT NULL,
    line    TEXT    NOT NULL,
    said_at INTEGER NOT NULL,
    PRIMARY KEY (run_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE alert (
    kind      TEXT    NOT NULL,
    subject   TEXT    NOT NULL,
    detail    TEXT    NOT NULL,
    raised_at INTEGER NOT NULL,
    PRIMARY KEY (kind, subject)
) STRICT, WITHOUT ROWID;
