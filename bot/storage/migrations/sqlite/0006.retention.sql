-- Retention: what refers to a row is found when it goes; what a counselor did stays counted when its records go.

DROP INDEX delivery_of_message;
CREATE INDEX delivery_of_message ON delivery (person_id, message_id);
CREATE INDEX delivery_of_sender ON delivery (sender_id) WHERE sender_id IS NOT NULL;
CREATE INDEX counselor_reviewed_by ON counselor (reviewed_by) WHERE reviewed_by IS NOT NULL;
CREATE INDEX person_invited_by ON person (invited_by) WHERE invited_by IS NOT NULL;
CREATE INDEX person_key_id ON person (key_id);
CREATE INDEX session_key_id ON session (key_id);

ALTER TABLE counselor ADD COLUMN past_sessions INTEGER NOT NULL DEFAULT 0;
ALTER TABLE counselor ADD COLUMN past_ratings INTEGER NOT NULL DEFAULT 0;
ALTER TABLE counselor ADD COLUMN past_ratings_total INTEGER NOT NULL DEFAULT 0;
