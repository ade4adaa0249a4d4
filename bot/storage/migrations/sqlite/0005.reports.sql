-- Who has got which report, so that a run that is repeated sends nothing twice.

CREATE TABLE report_copy (
    report    TEXT    NOT NULL,
    recipient TEXT    NOT NULL,
    sent_at   INTEGER NOT NULL,
    PRIMARY KEY (report, recipient)
) STRICT, WITHOUT ROWID;
