"""What is said about schedules and runs, to admins in Telegram and at the command line alike."""

from __future__ import annotations

from bot.domain.text import Text

NO_SCHEDULE = Text("There is no schedule {name}. /tasks and python -m bot tasks list show those that there are.")
SCHEDULE_IS_GONE = Text("There is no such schedule any more: somebody has deleted it. /tasks shows those that there are.")
NO_TASK = Text("There is no task {task}. Choose one of: {tasks}.")
NO_RUN = Text("There is no such run any more. The history shows those that are kept.")
BAD_NAME = Text(
    "A schedule's name has 2 to 40 small letters, digits, _ or -, and begins with a letter, for example: nightly_backup."
)
NAME_TAKEN = Text("There is a schedule {name} already. Please choose another name, or edit that one.")
NO_JSON = Text("The payload is not a JSON object. Write it like this: {example}")
PAYLOAD_TOO_LARGE = Text("The payload is longer than 16 kB. Please keep it short: it holds settings, not data.")
NOT_IN_RANGE = Text("{name} is a whole number from 0 to {most}, for example {example}.")
BAD_CATCH_UP = Text("Catch-up is either latest (one run makes up for what was missed) or none.")
BAD_URL = Text(
    "A heartbeat address begins with https:// or http:// and has no blanks, for example: https://hc-ping.com/your-uuid"
)
IS_OWNED = Text("{variable} sets when this runs. Change it there, or take it out and restart; then it can be changed here.")
CHANGED_MEANWHILE = Text("Somebody has changed this schedule in the meantime. Please look at it again.")
NOT_SAVED = Text("⚠️ Somebody has changed this schedule in the meantime, so nothing was saved. This is how it is now:")
RESTS_ALREADY = Text("{name} is paused already.")
GOES_ON_ALREADY = Text("{name} is not paused.")
IS_OVER = Text("{name} has no time left at which it could run. Give it a new one.")
IS_PARKED = Text("The task {task} is not part of this release, so {name} waits for its return and cannot be run.")
TASK_BUSY = Text("The task {task} waits or runs already. /tasks shows how it goes.")
RUN_IS_OVER = Text("This run is over already.")
NOT_FAILED = Text("Only a run that failed, was cancelled or missed can be repeated. To run the task once more, use Run now.")
DELETES_NOTHING = Text("{task} deletes nothing, so there is nothing to try out: run it as it is.")
GONE = Text("There is no task {task} in this release.")
