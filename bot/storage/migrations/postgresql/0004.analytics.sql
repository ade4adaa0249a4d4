-- The figures of each local day, from before anything is deleted; counters as they were at some instant; the newest export.

CREATE TABLE analytics_day (
    day_on  TEXT    PRIMARY KEY,
    ends_at TIMESTAMPTZ NOT NULL
);

-- '0000-00-00' stands for all the days whose own figures have been deleted
CREATE TABLE analytics_figure (
    day_on TEXT    NOT NULL,
    name   TEXT    NOT NULL,
    number BIGINT NOT NULL,
    PRIMARY KEY (day_on, name)
);

CREATE TABLE snapshot (
    name     TEXT    NOT NULL,
    taken_at TIMESTAMPTZ NOT NULL,
    figures  TEXT    NOT NULL,
    PRIMARY KEY (name, taken_at)
);

CREATE TABLE export_file (
    kind    TEXT    PRIMARY KEY CHECK (kind IN ('csv', 'xlsx')),
    content BYTEA    NOT NULL,
    made_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE export_address (
    token_hash BYTEA    PRIMARY KEY,
    made_at    TIMESTAMPTZ NOT NULL
);

CREATE INDEX session_event_moment ON session_event (at, to_state);
CREATE INDEX session_rated ON session (rated_at) WHERE rated_at IS NOT NULL;
CREATE INDEX offer_made ON offer (offered_at);
CREATE INDEX offer_answered ON offer (answered_at, outcome) WHERE answered_at IS NOT NULL;
