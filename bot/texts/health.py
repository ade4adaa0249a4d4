"""How the service is, line by line, for the admins."""

from __future__ import annotations

from bot.domain.text import Text

MARKED = {"good": Text("✓ {line}"), "doubtful": Text("⚠ {line}"), "bad": Text("✗ {line}")}

POLLS_GOOD = Text("Telegram answers; last asked {ago}.")
POLLS_SILENT = Text("Telegram was last asked {ago}: is a bot running that polls?")
POLLS_NEVER = Text("Telegram has not answered yet.")
POLLS_FAIL = Text("Telegram gives no updates, for {length}: {reason}. Last good answer: {last}.")
NEVER = Text("never")
AGO = Text("{length} ago")
JUST_NOW = Text("just now")

NO_UPDATES = Text("No update waits to be handled.")
UPDATES = Text("{count} updates wait to be handled, the oldest for {length}.")
NO_DELIVERIES = Text("No message waits to be sent.")
DELIVERIES = Text("{count} messages wait to be sent, the oldest for {length}.")
NOTHING_PARKED = Text("Nothing was given up.")
PARKED = Text("Given up: {updates} updates and {deliveries} messages, the newest {ago}; the log says why.")

DATABASE = Text("Database {size}, {free} free beside it.")
DATABASE_FULL = Text("Database {size}, and only {free} free beside it: make room, a backup needs as much again.")
DATABASE_SERVER = Text("Database {size}; {free} free for backups.")
NO_DISK = Text("Database {size}; the folder of the backups cannot be read.")

DISK = Text("Folder of the backups: {free} free.")
DISK_FULL = Text("Folder of the backups: only {free} free, and a backup needs {size}.")

BACKUP = Text("Last backup {ago}.")
BACKUP_OLD = Text("Last backup {ago}, which is too long: run /backup.")
BACKUP_INCOMPLETE = Text("The newest file in the folder of the backups is not whole: run /backup.")
BACKUP_NEVER = Text("No backup yet: run /backup.")

PROOF = Text("The backup of {made} was restored for a test {ago}: all as it was.")
PROOF_OLD = Text("A backup was restored for a test {ago}, and not since: run the task restore_drill.")
PROOF_NOT_YET = Text("No backup was restored for a test yet.")
PROOF_NEVER = Text("No backup was ever restored for a test: run the task restore_drill.")
PROOF_FAILED = Text("A backup could not be restored for a test, {ago}: {error}")

LAG = Text("The bot answers within {milliseconds} ms.")
LAG_LONG = Text("The bot is busy: something else waited {milliseconds} ms for its turn.")

TASKS_GOOD = Text("All {count} tasks ended well the last time.")
TASKS_FAILED = Text("Failed the last time: {tasks}. The log says why; then run it again.")
TASKS_LATE = Text("Overdue: {tasks}. Is the scheduler running?")
