"""``python -m bench.committing DATABASE PER_SECOND``: somebody who writes at a steady pace until told to stop (end of input).

Prints a line when the first commit is made; at the end how many there were in a second, and how many milliseconds they took.
"""

from __future__ import annotations

import json
import select
import sqlite3
import sys
import time
from contextlib import closing

from bench.report import quantile

_INSERT = """
    INSERT INTO message (session_id, seq, side, body, source_message_id, sent_at)
    SELECT max(id), ?, 'student', randomblob(200), 0, 0 FROM session
"""


def main() -> None:
    """Commit one message after the other, as durably as the bot does."""
    path, per_second = sys.argv[1], float(sys.argv[2])
    taken: list[float] = []
    began_at = time.perf_counter()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = FULL")
        while True:
            due_at = began_at + len(taken) / per_second
            if select.select([sys.stdin], [], [], max(0.0, due_at - time.perf_counter()))[0]:
                break
            asked_at = time.perf_counter()
            connection.execute(_INSERT, (time.time_ns() // 1000,))
            taken.append((time.perf_counter() - asked_at) * 1000)
            if len(taken) == 1:
                print("committing", flush=True)
    per_second = len(taken) / (time.perf_counter() - began_at)
    print(json.dumps({"per_second": per_second, "p99": quantile(taken, 0.99), "max": max(taken)}))


if __name__ == "__main__":
    main()
