-- Who applies and who decides, appointed admins, kinds and changes of messages, ratings, idle sessions, why an offer was made.

ALTER TABLE person ADD COLUMN is_admin BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE person ADD COLUMN current_session_id BIGINT REFERENCES session (id) ON DELETE SET NULL;
CREATE INDEX person_current_session ON person (current_session_id) WHERE current_session_id IS NOT NULL;
CREATE INDEX person_admin ON person (id) WHERE is_admin;

ALTER TABLE counselor ADD COLUMN applied_at TIMESTAMPTZ;
ALTER TABLE counselor ADD COLUMN reviewed_at TIMESTAMPTZ;
ALTER TABLE counselor ADD COLUMN reviewed_by BIGINT REFERENCES person (id) ON DELETE SET NULL;
ALTER TABLE counselor ADD COLUMN review_reason BYTEA;
ALTER TABLE counselor ADD COLUMN deleted_at TIMESTAMPTZ;
CREATE INDEX counselor_status ON counselor (status, id) WHERE deleted_at IS NULL;

ALTER TABLE session ADD COLUMN last_message_at TIMESTAMPTZ;
ALTER TABLE session ADD COLUMN reminded_at TIMESTAMPTZ;
ALTER TABLE session ADD COLUMN rated_at TIMESTAMPTZ;
UPDATE session SET last_message_at = activated_at WHERE state = 'active';
CREATE INDEX session_idle ON session (last_message_at) WHERE state = 'active';

ALTER TABLE offer ADD COLUMN reasons TEXT;

ALTER TABLE message ADD COLUMN kind TEXT NOT NULL DEFAULT 'text';
ALTER TABLE message ADD COLUMN edited_at TIMESTAMPTZ;

DROP INDEX delivery_of_session;
CREATE INDEX delivery_of_session ON delivery (session_id, message_seq) WHERE session_id IS NOT NULL;
