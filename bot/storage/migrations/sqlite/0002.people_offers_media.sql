-- Who applies and who decides, appointed admins, kinds and changes of messages, ratings, idle sessions, why an offer was made.

ALTER TABLE person ADD COLUMN is_admin INTEGER NOT NULL DEFAULT 0 CHECK (is_admin IN (0, 1));
ALTER TABLE person ADD COLUMN current_session_id INTEGER REFERENCES session (id) ON DELETE SET NULL;
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
UPDATE session SET last_message_at = activated_at WHERE state = 'active';
CREATE INDEX session_idle ON session (last_message_at) WHERE state = 'active';

ALTER TABLE offer ADD COLUMN reasons TEXT;

ALTER TABLE message ADD COLUMN kind TEXT NOT NULL DEFAULT 'text';
ALTER TABLE message ADD COLUMN edited_at INTEGER;

DROP INDEX delivery_of_session;
CREATE INDEX delivery_of_session ON delivery (session_id, message_seq) WHERE session_id IS NOT NULL;
