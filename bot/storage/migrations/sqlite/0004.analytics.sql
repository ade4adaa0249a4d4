-- The figures of each local day, from before anything is deleted; counters as they were at some instant; the newest export.

CREATE TABLE analytics_day (
    day_on  TEXT    PRIMARY KEY,
    ends_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- '0000-00-00' stands for all the days whose own figures have been deleted
CREATE TABLE analytics_figure (
    day_on TEXT    NOT NULL,
    name   TEXT    NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (day_on, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE snapshot (
    name     TEXT    NOT NULL,
    taken_at INTEGER NOT NULL,
    figures  TEXT    NOT NULL,
    PRIMARY KEY (name, taken_at)
) STRICT, WITHOUT ROWID;

CREATE TABLE export_file (
    kind    TEXT    PRIMARY KEY CHECK (kind IN ('csv', 'xlsx')),
    content BLOB    NOT NULL,
    made_at INTEGER NOT NULL
) STRICT;

CREATE TABLE export_address (
    token_hash BLOB    PRIMARY KEY,
    made_at    INTEGER NOT NULL
) STRICT;

CREATE INDEX session_event_moment ON session_event (at, to_state);
CREATE INDEX session_rated ON session (rated_at) WHERE rated_at IS NOT NULL;
CREATE INDEX offer_made ON offer (offered_at);
CREATE INDEX offer_answered ON offer (answered_at, outcome) WHERE answered_at IS NOT NULL;
