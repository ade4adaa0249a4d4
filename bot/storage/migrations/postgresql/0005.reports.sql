-- Who has got which report, so that a run that is repeated sends nothing twice.

CREATE TABLE report_copy (
    report    text        NOT NULL,
    recipient text        NOT NULL,
    sent_at   timestamptz NOT NULL,
    PRIMARY KEY (report, recipient)
);
