"""What admins read about schedules and their runs."""

from __future__ import annotations

from bot.domain.text import Text

# The list

TITLE = Text("<b>Scheduled tasks</b>")
NONE = Text("<b>Scheduled tasks</b>\nThere are none yet. They appear here when the bot has started for the first time.")
LINE = Text("{mark}<b>{name}</b>: {next}\n   {last}")
BUTTON = Text("{mark}{name}")
NEW = Text("➕ New schedule")
ALL_RUNS = Text("📜 All runs")

IS_WELL = Text("")
IS_PAUSED = Text("⏸ ")
IS_STOPPED = Text("🛑 ")
IS_PARKED = Text("📦 ")
IS_RUNNING = Text("⏳ ")
HAS_FAILED = Text("❗️ ")

PAUSED = Text("paused")
STOPPED = Text("paused by itself, after {count} failures in a row")
PARKED = Text("waits until the task {task} is back in a release")
RUNNING = Text("running now")
DUE_NOW = Text("now")
NEVER_AGAIN = Text("not any more")
NEXT_IN = Text("in {span} ({at})")
RETRYING = Text("to be tried again soon")
NEVER_RAN = Text("never ran")
SUCCEEDED = Text("✅ {at}: {summary}")
FAILED = Text("❌ {at}: {error}")

# A schedule

SCHEDULE = Text("{mark}<b>{name}</b>\n{does}\n\nWhen: {when}{owner}\nNext run: {next}\nLast run: {last}\n\n{settings}")
DOES = Text("{does}.")
DOES_OF = Text("{task}: {does}.")
IS_MISSING = Text("The task {task} is not part of this release. The schedule waits for it, and nothing of it is lost.")
OWNED = Text("\n<i>{reason}</i>")
NOT_OWNED = Text("")
PAYLOAD = Text("Payload: {payload}")
FIELD = Text("{name} = {value}")
FIELD_AS_USUAL = Text("{name} = {value} (as usual)")
RETRIES = Text("Retries after a failure: {count}")
CATCHES_UP = Text("Missed while the bot is down: one run makes up for it")
CATCHES_NOTHING_UP = Text("Missed while the bot is down: noted, not made up for")
PAUSES_AFTER = Text("Pauses itself after {count} failures in a row")
NEVER_PAUSES = Text("Never pauses itself")
FAILURES = Text("Failures in a row: {count}")
HEARTBEAT = Text("Heartbeat: {host}")
WITH_NEWS = Text("{news}\n\n{text}")
SAVED = Text("💾 Saved.")

RUN_NOW = Text("▶️ Run now")
TRY_OUT = Text("🔍 Try out")
PAUSE = Text("⏸ Pause")
RESUME = Text("⏯ Resume")
EDIT = Text("✏️ Edit")
HISTORY = Text("📜 History")
DELETE = Text("🗑 Delete")
WATCH = Text("👀 Watch")

STARTED = Text("▶️ <b>{task}</b> is started. You are told here how it went.")
TRIED_OUT = Text("🔍 <b>{task}</b> is tried out: it says what it would delete, and deletes nothing. You are told here.")
CONFIRM_DELETE = Text(
    "<b>Delete the schedule {name}?</b>\nIt does not run by itself any more, and does not come back by itself. "
    "Its history stays, and the task can still be run by hand."
)
YES_DELETE = Text("Yes, delete it")
DELETED = Text("The schedule {name} is deleted.")

# Runs

HISTORY_TITLE = Text("<b>History of {name}</b>")
HISTORY_OF_ALL = Text("<b>All runs</b>")
NO_RUNS = Text("{title}\nThere are none yet.")
RUN_LINE = Text("{mark} <b>{number}</b> {name}{at}, {took}\n   {why}{missed}")
OF_TASK = Text("{task}, ")
MISSED_TOO = Text(", and for {count} missed before")
WAS_MISSED = Text(", {count} times")
NOT_MISSED = Text("")
RUN_BUTTON = Text("{mark} {number}")
OLDER = Text("Older ▶")
NEWEST = Text("◀ Newest")

MARKS = {
    "scheduled": Text("🕒"),
    "running": Text("⏳"),
    "retrying": Text("🔁"),
    "succeeded": Text("✅"),
    "failed": Text("❌"),
    "missed": Text("💤"),
    "cancelled": Text("✖️"),
}
STATES = {
    "scheduled": Text("waits for its turn"),
    "running": Text("running"),
    "retrying": Text("failed, and is tried again at {at}"),
    "succeeded": Text("done"),
    "failed": Text("failed"),
    "missed": Text("missed: nothing ran then"),
    "cancelled": Text("cancelled"),
}
STOPPING = Text("running, and asked to stop")
TRIGGERS = {
    "schedule": Text("on time"),
    "catch-up": Text("late, made up for"),
    "manual": Text("by hand"),
    "event": Text("after an event"),
    "cli": Text("at the command line"),
    "api": Text("through the API"),
}
BY = Text("{trigger}, by {who}")
AN_ADMIN = Text("an admin")
YOU = Text("you")
THE_CLOCK = Text("the clock")
THE_OPERATOR = Text("the operator")
BECAUSE = Text("{trigger}: {event}")
NOT_BEGUN = Text("not begun")
UNDER_A_SECOND = Text("under 1 s")

RUN = Text("{mark} <b>{task}</b>, run {number}\n{state}\n\n{facts}")
FOR = Text("Meant for: {at}")
WHY = Text("Asked for: {why}")
MADE_UP_FOR = Text("Missed before it: {count}")
OCCURRENCES_MISSED = Text("Times missed: {count}")
TOOK = Text("Took: {took}")
ATTEMPT = Text("Attempt {number} of {of}")
IS_DRY_RUN = Text("Tried out: nothing is deleted")
PROGRESS = Text("So far: {done}")
PROGRESS_OF = Text("So far: {done} of {total} ({percent} %)")
RESULT = Text("Result: {summary}")
COUNTS = Text("Counts: {counts}")
ERROR = Text("Error: {error}")
ATTEMPTS = Text("\n<b>Attempts</b>\n{lines}")
ATTEMPT_LINE = Text("{number}. {at}, {outcome}")
ATTEMPT_FAILED = Text("{number}. {at}, {outcome}: {error}")
GOES_ON = Text("under way")
LOG = Text("\n<b>Last lines of its log</b>\n{lines}")
LOG_LINE = Text("<code>{at}</code> {line}")
LOG_LINE_OF = Text("<code>{at}</code> {level}: {line}")

CANCEL = Text("✖️ Cancel")
CONFIRM_CANCEL = Text(
    "<b>Cancel this run of {task}?</b>\nWhat it has done so far stays done; the next run takes up the rest. "
    "One that is under way stops within seconds."
)
YES_CANCEL = Text("Yes, cancel it")
REPEAT = Text("🔁 Repeat")
