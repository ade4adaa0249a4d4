-- Who was reminded of what, so that nobody is twice; and the proofs that backups can be restored.

ALTER TABLE session ADD COLUMN nudged_at INTEGER;
ALTER TABLE session ADD COLUMN rating_asked_at INTEGER;
CREATE INDEX session_unrated ON session (ended_at) WHERE state = 'ended' AND rating IS NULL AND rating_asked_at IS NULL;

ALTER TABLE offer ADD COLUMN reminded_at INTEGER;

ALTER TABLE counselor ADD COLUMN review_reminded_at INTEGER;

CREATE TABLE restore_proof (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    file      TEXT    NOT NULL,
    is_good   INTEGER NOT NULL CHECK (is_good IN (0, 1)),
    counts    TEXT    NOT NULL,
    error     TEXT,
    proved_at INTEGER NOT NULL,
    CHECK ((error IS NULL) = is_good)
) STRICT;
