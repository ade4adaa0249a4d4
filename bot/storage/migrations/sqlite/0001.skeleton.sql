-- People, counselors, sessions, offers and messages; the three queues; schedules, runs, audit.
-- Instants are microseconds since 1970 (UTC). Everything that could tell who somebody is, or what they said, is sealed.

CREATE TABLE key (
    id         INTEGER PRIMARY KEY,
    purpose    TEXT    NOT NULL CHECK (purpose IN ('lookup', 'callback', 'intake', 'person', 'session')),
    wrapped    BLOB    NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX key_of_the_service ON key (purpose) WHERE purpose IN ('lookup', 'callback', 'intake');

CREATE TABLE person (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    telegram_hash   BLOB    NOT NULL UNIQUE,
    telegram_id     BLOB    NOT NULL,
    key_id          INTEGER NOT NULL,
    language        TEXT    NOT NULL DEFAULT 'en',
    is_reachable    INTEGER NOT NULL DEFAULT 1 CHECK (is_reachable IN (0, 1)),
    consent_version INTEGER,
    consented_at    INTEGER,
    created_at      INTEGER NOT NULL,
    CHECK ((consent_version IS NULL) = (consented_at IS NULL))
) STRICT;

CREATE TABLE dialog (
    person_id  INTEGER PRIMARY KEY REFERENCES person (id) ON DELETE CASCADE,
    step       TEXT    NOT NULL,
    data       BLOB    NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE counselor (
    id         INTEGER PRIMARY KEY REFERENCES person (id) ON DELETE CASCADE,
    status     TEXT    NOT NULL CHECK (status IN ('applied', 'approved', 'rejected', 'deactivated')),
    is_online  INTEGER NOT NULL CHECK (is_online IN (0, 1)),
    name       BLOB    NOT NULL,
    bio        BLOB,
    gender     TEXT    NOT NULL CHECK (gender IN ('male', 'female', 'anonymous')),
    locked_at  INTEGER,
    created_at INTEGER NOT NULL,
    CHECK (status = 'approved' OR is_online = 0)
) STRICT;

CREATE TABLE counselor_topic (
    counselor_id INTEGER NOT NULL REFERENCES counselor (id) ON DELETE CASCADE,
    position     INTEGER NOT NULL,
    topic        TEXT    NOT NULL,
    PRIMARY KEY (counselor_id, position),
    UNIQUE (counselor_id, topic)
) STRICT, WITHOUT ROWID;

CREATE TABLE session (
    id                INTEGER PRIMARY KEY AUTOINCREMENT,
    alias             TEXT    NOT NULL UNIQUE,
    student_id        INTEGER NOT NULL REFERENCES person (id),
    counselor_id      INTEGER REFERENCES person (id),
    state             TEXT    NOT NULL CHECK (state IN ('waiting', 'offered', 'active', 'ended', 'cancelled')),
    topic             TEXT    NOT NULL,
    priority          INTEGER NOT NULL CHECK (priority BETWEEN 0 AND 10),
    student_gender    TEXT    NOT NULL CHECK (student_gender IN ('male', 'female', 'anonymous')),
    description       BLOB,
    key_id            INTEGER NOT NULL,
    messages          INTEGER NOT NULL DEFAULT 0,
    requested_at      INTEGER NOT NULL,
    alarmed_at        INTEGER,
    activated_at      INTEGER,
    ended_at          INTEGER,
    end_reason        TEXT CHECK (end_reason IN ('student', 'counselor', 'admin', 'timeout', 'safety')),
    rating            INTEGER CHECK (rating BETWEEN 1 AND 5),
    rating_comment    BLOB,
    content_erased_at INTEGER,
    CHECK (counselor_id <> student_id),
    CHECK (state NOT IN ('waiting', 'offered', 'cancelled') OR counselor_id IS NULL),
    CHECK (state NOT IN ('active', 'ended') OR (counselor_id IS NOT NULL AND activated_at IS NOT NULL)),
    CHECK ((state IN ('ended', 'cancelled')) = (ended_at IS NOT NULL)),
    CHECK ((state = 'ended') = (end_reason IS NOT NULL))
) STRICT;

CREATE UNIQUE INDEX session_one_open ON session (student_id) WHERE state IN ('waiting', 'offered', 'active');
CREATE INDEX session_waiting ON session (priority DESC, requested_at, id) WHERE state = 'waiting';
CREATE INDEX session_in_queue ON session (priority DESC, requested_at, id) WHERE state IN ('waiting', 'offered');
CREATE INDEX session_of_student ON session (student_id, state);
CREATE INDEX session_of_counselor ON session (counselor_id, state) WHERE counselor_id IS NOT NULL;
CREATE INDEX session_to_erase ON session (ended_at) WHERE content_erased_at IS NULL AND ended_at IS NOT NULL;

CREATE TABLE session_event (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id INTEGER NOT NULL REFERENCES session (id) ON DELETE CASCADE,
    from_state TEXT,
    to_state   TEXT    NOT NULL,
    reason     TEXT    NOT NULL,
    actor_id   INTEGER,
    at         INTEGER NOT NULL
) STRICT;

CREATE INDEX session_event_of_session ON session_event (session_id, id);

CREATE TABLE offer (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id   INTEGER NOT NULL REFERENCES session (id) ON DELETE CASCADE,
    counselor_id INTEGER NOT NULL REFERENCES counselor (id) ON DELETE CASCADE,
    score        INTEGER NOT NULL,
    delivery_id  INTEGER,
    offered_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    outcome      TEXT CHECK (outcome IN ('accepted', 'declined', 'lapsed', 'withdrawn')),
    answered_at  INTEGER,
    CHECK ((outcome IS NULL) = (answered_at IS NULL))
) STRICT;

CREATE UNIQUE INDEX offer_one_open ON offer (session_id, counselor_id) WHERE outcome IS NULL;
CREATE INDEX offer_open_of_counselor ON offer (counselor_id) WHERE outcome IS NULL;
CREATE INDEX offer_deadline ON offer (expires_at) WHERE outcome IS NULL;
CREATE INDEX offer_of_session ON offer (session_id);

CREATE TABLE message (
    session_id        INTEGER NOT NULL REFERENCES session (id) ON DELETE CASCADE,
    seq               INTEGER NOT NULL,
    side              TEXT    NOT NULL CHECK (side IN ('student', 'counselor')),
    body              BLOB    NOT NULL,
    source_message_id INTEGER NOT NULL,
    sent_at           INTEGER NOT NULL,
    PRIMARY KEY (session_id, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE "update" (
    update_id   INTEGER PRIMARY KEY,
    chat_hash   BLOB,
    payload     BLOB,
    state       TEXT    NOT NULL CHECK (state IN ('open', 'done', 'parked')),
    attempts    INTEGER NOT NULL DEFAULT 0,
    due_at      INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    handled_at  INTEGER,
    reference   TEXT UNIQUE,
    error       TEXT,
    CHECK (state = 'done' OR payload IS NOT NULL)
) STRICT;

CREATE INDEX update_oldest ON "update" (update_id) WHERE state = 'open';
CREATE INDEX update_of_chat ON "update" (chat_hash, update_id) WHERE state = 'open';

CREATE TABLE delivery (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    person_id    INTEGER NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    method       TEXT    NOT NULL CHECK (method IN ('say', 'edit', 'answer')),
    payload      BLOB,
    key_id       INTEGER NOT NULL,
    urgency      INTEGER NOT NULL,
    state        TEXT    NOT NULL CHECK (state IN ('waiting', 'done', 'refused', 'parked')),
    attempts     INTEGER NOT NULL DEFAULT 0,
    target_id    INTEGER REFERENCES delivery (id) ON DELETE SET NULL,
    message_id   INTEGER,
    session_id   INTEGER REFERENCES session (id) ON DELETE SET NULL,
    message_seq  INTEGER,
    sender_id    INTEGER REFERENCES person (id) ON DELETE SET NULL,
    due_at       INTEGER NOT NULL,
    patience_ends_at INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    settled_at   INTEGER,
    error        TEXT,
    CHECK (state <> 'waiting' OR payload IS NOT NULL)
) STRICT;

CREATE INDEX delivery_waiting ON delivery (person_id, id) WHERE state = 'waiting';
CREATE INDEX delivery_newest ON delivery (id) WHERE state = 'waiting';
CREATE INDEX delivery_of_message ON delivery (person_id, message_id) WHERE message_id IS NOT NULL;
CREATE INDEX delivery_of_session ON delivery (session_id) WHERE session_id IS NOT NULL;
CREATE INDEX delivery_target ON delivery (target_id) WHERE target_id IS NOT NULL;

CREATE TABLE lease (
    name       TEXT    PRIMARY KEY,
    owner      TEXT    NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE TABLE schedule (
    id                INTEGER PRIMARY KEY AUTOINCREMENT,
    name              TEXT    NOT NULL UNIQUE,
    task              TEXT    NOT NULL,
    every_seconds     INTEGER NOT NULL CHECK (every_seconds >= 1),
    payload           TEXT    NOT NULL,
    max_retries       INTEGER NOT NULL,
    is_enabled        INTEGER NOT NULL CHECK (is_enabled IN (0, 1)),
    is_from_environment INTEGER NOT NULL CHECK (is_from_environment IN (0, 1)),
    next_run_at       INTEGER NOT NULL,
    last_scheduled_at INTEGER,
    deleted_at        INTEGER,
    created_at        INTEGER NOT NULL
) STRICT;

CREATE INDEX schedule_due ON schedule (next_run_at) WHERE is_enabled AND deleted_at IS NULL;

CREATE TABLE run (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    schedule_id      INTEGER REFERENCES schedule (id) ON DELETE SET NULL,
    task             TEXT    NOT NULL,
    payload          TEXT    NOT NULL,
    trigger          TEXT    NOT NULL CHECK (trigger IN ('schedule', 'catch-up', 'manual', 'event', 'cli', 'api')),
    requested_by     TEXT    NOT NULL,
    state            TEXT    NOT NULL CHECK (state IN ('scheduled', 'running', 'retrying', 'succeeded', 'failed', 'missed', 'cancelled')),
    concurrency_key  TEXT    NOT NULL,
    attempt          INTEGER NOT NULL DEFAULT 0,
    max_attempts     INTEGER NOT NULL CHECK (max_attempts >= 1),
    scheduled_for_at INTEGER NOT NULL,
    due_at           INTEGER NOT NULL,
    lease_owner      TEXT,
    lease_token      INTEGER NOT NULL DEFAULT 0,
    lease_expires_at INTEGER,
    started_at       INTEGER,
    finished_at      INTEGER,
    result           TEXT,
    error            TEXT,
    CHECK ((state = 'running') = (lease_owner IS NOT NULL)),
    CHECK ((state = 'running') = (lease_expires_at IS NOT NULL))
) STRICT;

CREATE UNIQUE INDEX run_occurrence ON run (schedule_id, scheduled_for_at) WHERE trigger IN ('schedule', 'catch-up');
CREATE UNIQUE INDEX run_one_running ON run (concurrency_key) WHERE state = 'running';
CREATE UNIQUE INDEX run_one_event ON run (task) WHERE trigger = 'event' AND state = 'scheduled';
CREATE INDEX run_ready ON run (due_at, id) WHERE state IN ('scheduled', 'retrying');
CREATE INDEX run_unfinished ON run (schedule_id) WHERE state IN ('scheduled', 'running', 'retrying');
CREATE INDEX run_of_schedule ON run (schedule_id, scheduled_for_at);
CREATE INDEX run_finished ON run (finished_at) WHERE finished_at IS NOT NULL;

CREATE TABLE run_attempt (
    run_id      INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    number      INTEGER NOT NULL,
    outcome     TEXT CHECK (outcome IN ('succeeded', 'failed', 'timed out', 'interrupted')),
    error       TEXT,
    started_at  INTEGER NOT NULL,
    finished_at INTEGER,
    PRIMARY KEY (run_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    actor_id INTEGER,
    role     TEXT    NOT NULL,
    action   TEXT    NOT NULL,
    subject  TEXT    NOT NULL,
    at       INTEGER NOT NULL
) STRICT;
