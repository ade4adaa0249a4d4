"""What the admins are told of tasks that fail, begin too late or do not end, and when that is over."""

from __future__ import annotations

from bot.domain.text import Text

FAILED = Text(
    "⚠️ <b>The task {task} has failed, and is not tried again by itself.</b>\n{error}\n\n{advice}\nThen run it again: /tasks, or "
    "{command}\nYou hear of it again when it has succeeded."
)
FAILED_FOR_YOU = Text("⚠️ <b>{task}</b>, which you asked for, has failed: {error}\n\n{advice}")
CANCELLED_FOR_YOU = Text("🛑 <b>{task}</b> is cancelled, as you asked.")
WORKS_AGAIN = Text("✅ <b>The task {task} works again.</b>\n{summary}")
PAUSED = Text(
    "⏸ <b>The schedule {schedule} has paused itself</b> because its runs failed {failures} times in a row.\nWhen the cause is gone, "
    "resume it: /tasks, or python -m bot tasks resume {schedule}"
)
LATE = Text(
    "⏰ <b>The schedule {schedule} is late</b>: it should have begun at {due}.\nProbably other runs take all places, or one of the "
    "same task does not end: look at /tasks, and cancel what hangs. You hear of it again when it is in time."
)
SKIPPED = Text(
    "⏰ <b>The schedule {schedule} leaves times out</b>: the run that began at {began} goes on past its time of {timeout}.\nLook at /tasks, and "
    "cancel it if it hangs. You hear of it again when it is in time."
)
STUCK = Text(
    "🧱 <b>A run of the task {task} does not end</b>: it began at {began}, may take {timeout}, and does not stop when it is told to.\nRestart "
    "the bot: the run is taken up again. You hear of it again when it is over."
)
AND_MORE = Text("… and {count} more.")
OVER = {
    "late": Text("✅ <b>The schedule {name} is late no more.</b>"),
    "stuck": Text("✅ <b>The run of the task {name} that did not end is over.</b>"),
}

# The likely cause, and what to do

SAYS_IT_ITSELF = Text("This sentence says what to do.")
PUT_PAYLOAD_RIGHT = Text("Trying again would not help: edit the payload of its schedule under /tasks, or what it was asked with.")
TASK_IS_GONE = Text(
    "The package that brought this task along is not installed where it was to run: install it there and restart, or give its "
    "schedules another task under /tasks. Until then they wait."
)
TOOK_TOO_LONG = Text(
    "Either something that it waits for hangs, or there is more to do than ever. Its log under /tasks shows how far it came."
)
DISK_FULL = Text("The disk is full: delete old files in the folder of the backups, or make the disk larger.")
DATABASE_BUSY = Text(
    "Another program holds the database: end what writes to it, for example an open sqlite3 or a copy that hangs."
)
DATABASE_AWAY = Text(
    "The database could not be used: look whether its server runs and its disk works. /health says how it is now."
)
NO_MEMORY = Text("The machine had too little memory: end another program on it, or give it more.")
NETWORK = Text("The network or the other side did not answer: look whether the machine reaches it.")
NOT_WRITABLE = Text("A file or folder may not be written: give it to the user as whom the bot runs.")
SYSTEM = Text("The system refused something: its log under /tasks says where.")
WAS_KILLED = Text(
    "The process was killed each time, often because the machine had too little memory for it: look at the log of the machine."
)
DEFECT = Text(
    "This is a defect of the program: its log under /tasks says where. Please hand that on to whoever looks after the bot."
)
