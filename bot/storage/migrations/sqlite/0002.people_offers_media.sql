-- Who applies and who decides, appointed admins, kinds and changes of messages, ratings, idle sessions, why an offer was made,
-- and whether Telegram answers.

ALTER TABLE person ADD COLUMN is_admin INTEGER NOT NULL DEFAULT 0 CHECK (is_admin IN (0, 1));
ALTER TABLE person ADD COLUMN current_session_id INTEGER REFERENCES session (id) ON DELETE SET NULL;
ALTER TABLE person ADD COLUMN current_at INTEGER;
CREATE INDEX person_current_session ON person (current_session_id) WHERE current_session_id IS NOT NULL;
CREATE INDEX person_admin ON person (id) WHERE is_admin;

ALTER TABLE counselor ADD COLUMN applied_at INTEGER;
ALTER TABLE counselor ADD COLUMN reviewed_at INTEGER;
ALTER TABLE counselor ADD COLUMN reviewed_by INTEGER REFERENCES person (id) ON DELETE SET NULL;
ALTER TABLE counselor ADD COLUMN review_reason BLOB;
ALTER TABLE counselor ADD COLUMN deleted_at INTEGER;
CREATE INDEX counselor_status ON counselor (status, id) WHERE deleted_at IS NULL;

ALTER TABLE session ADD COLUMN last_message_at INTEGER;
ALTER TABLE session ADD COLUMN reminded_at INTEGER;
ALTER TABLE session ADD COLUMN rated_at INTEGER;
UPDATE session
   SET last_message_at = coalesce((SELECT max(sent_at) FROM message WHERE message.session_id = session.id), activated_at)
 WHERE state = 'active';
CREATE INDEX session_idle ON session (last_message_at) WHERE state = 'active' AND reminded_at IS NULL;
CREATE INDEX session_reminded ON session (reminded_at) WHERE state = 'active' AND reminded_at IS NOT NULL;

ALTER TABLE offer ADD COLUMN reasons TEXT;

ALTER TABLE message ADD COLUMN kind TEXT NOT NULL DEFAULT 'text';
ALTER TABLE message ADD COLUMN edited_at INTEGER;

DROP INDEX delivery_of_session;
CREATE INDEX delivery_of_session ON delivery (session_id, message_seq) WHERE session_id IS NOT NULL;

CREATE TABLE pulse (
    name             TEXT PRIMARY KEY,
    noted_at         INTEGER NOT NULL,
    last_good_at     INTEGER,
    caught_up_at     INTEGER,
    failing_since_at INTEGER,
    reason           TEXT
) STRICT;

CREATE INDEX update_parked ON "update" (handled_at) WHERE state = 'parked';
CREATE INDEX delivery_parked ON delivery (settled_at) WHERE state = 'parked';
CREATE INDEX run_of_task ON run (task, finished_at) WHERE state IN ('succeeded', 'failed');

CREATE INDEX offer_of_counselor ON offer (counselor_id, answered_at, outcome, offered_at);

CREATE UNIQUE INDEX run_one_by_hand ON run (task) WHERE trigger = 'manual' AND state = 'scheduled';

CREATE INDEX session_event_begun ON session_event (session_id) WHERE to_state = 'active';
DROP INDEX session_of_counselor;
CREATE INDEX session_of_counselor ON session (counselor_id, state, rating, ended_at) WHERE counselor_id IS NOT NULL;

ALTER TABLE person ADD COLUMN invited_by INTEGER REFERENCES person (id) ON DELETE SET NULL;
ALTER TABLE person ADD COLUMN invited_at INTEGER;
