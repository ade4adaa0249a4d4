"""What admins read while they make a schedule or change one."""

from __future__ import annotations

from bot.domain.text import Text

NEW = Text("<b>New schedule</b>")
CHOOSE_TASK = Text("{title}\nWhat shall it do?\n\n{lines}")
TASK_LINE = Text("<b>{name}</b>: {does}")
TITLE_NEW = Text("<b>New schedule for {task}</b>")
TITLE_EDIT = Text("<b>Change {name}</b>")
QUESTION = Text("{title}\n\n{question}")
NOW = Text("{question}\n\nNow: {value}")

ASK_WHEN = Text(
    "When shall it run? Press one of these, or write it:\n"
    "• an interval: <code>90s</code>, <code>1h30m</code>, <code>2d</code>\n"
    "• a cron line: <code>0 3 * * sun</code>, <code>@daily</code>\n"
    "• a date and time: <code>{example}</code>\n\n"
    "Times of the day are meant in {zone}."
)
ASK_ZONE = Text("In which time zone? Press one, or write area and city, for example <code>Africa/Addis_Ababa</code>.")
ASK_NAME = Text("Under which name? 2 to 40 small letters, digits, _ or -, for example <code>nightly_backup</code>.")
ASK_RETRIES = Text("How often shall a run be tried again that fails? A whole number from 0 to {most}.")
ASK_FAILURES = Text("After how many failed runs in a row shall it pause itself? A whole number from 0 to {most}; 0 is never.")
ASK_CATCH_UP = Text("What becomes of the times that are missed while the bot is down?")
ASK_HEARTBEAT = Text(
    "Which address shall hear of each run, so that somebody notices when there is none? "
    "Write the address of a check at healthchecks.io or the like, for example <code>https://hc-ping.com/your-uuid</code>."
)
ASK_TWICE = Text("This time comes twice in {zone}, because the clocks are set back then. Which one is meant?")
ASK_FIELD = Text("{about}\nPlease write {asks}.")
FIELD_ABOUT = Text("<b>{name}</b>: {description}")
FIELD_BARE = Text("<b>{name}</b>")

EVERY_5_MINUTES = Text("every 5 minutes")
EVERY_30_MINUTES = Text("every 30 minutes")
EVERY_HOUR = Text("every hour")
EVERY_6_HOURS = Text("every 6 hours")
EVERY_DAY = Text("every day at 03:00")
EVERY_WORKDAY = Text("Monday to Friday at 09:00")
EVERY_WEEK = Text("every Sunday at 03:00")
EVERY_MONTH = Text("on the 1st at 03:00")
FIRST_TIME = Text("the first: {time}")
SECOND_TIME = Text("the second: {time}")
LATEST = Text("one run makes up for them")
NONE = Text("they are left out")
NEVER = Text("never")
NO_ADDRESS = Text("no address")
PLAIN = Text("{value}")

SUMMARY = Text("{title}\n{does}\n\n<b>{when}</b>\n{times}\n\n{settings}\n\n<i>Nothing is saved yet.</i>")
TIMES = Text("Its next times, as the clocks show them in {zone}:\n{times}")
TIME = Text("• {time}")
OVER = Text("There is no time left at which it could run.")
OWNED = Text("<i>{reason}</i>")
NAME_IS = Text("Name: {value}")
RETRIES_ARE = Text("Retries after a failure: {value}")
CATCH_UP_IS = Text("Times missed while the bot is down: {value}")
FAILURES_ARE = Text("Pauses itself after failures in a row: {value}")
HEARTBEAT_IS = Text("Heartbeat: {value}")
FIELD_IS = Text("{name}: {value}")
FIELD_IS_USUAL = Text("{name}: {value} (as usual)")

SAVE = Text("💾 Save")
WHEN = Text("⏰ When")
ZONE = Text("🌍 Time zone")
NAME = Text("🏷 Name")
RETRIES = Text("🔁 Retries")
CATCH_UP = Text("⏳ Missed times")
FAILURES = Text("🛑 Pause after")
HEARTBEAT = Text("💓 Heartbeat")
FIELD = Text("⚙️ {name}")
USUAL = Text("↩️ As usual: {value}")
CANCEL = Text("✖️ Cancel")

TOO_LONG = Text("That is {length} characters, and at most {most} fit. Please write it shorter.")
NOT_WHOLE = Text("That is no whole number. Please write one from 0 to {most}, for example 3.")
PASSED = Text("The time of this schedule has passed meanwhile. Please choose another one under When.")
