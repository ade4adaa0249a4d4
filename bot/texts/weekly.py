"""The weekly report: what admins read in Telegram and in e-mail, and what stands in its picture and tables."""

from __future__ import annotations

from bot.domain.text import Text

HEAD = Text("<b>Weekly report: {since} to {until}</b>\nIn brackets: the week before.\n")
LINE = Text("{label}: <b>{now}</b> ({before})")
PART = Text("– {label}: <b>{now}</b> ({before})")
FOOT = Text(
    "\n<i>&lt;5 stands for one to four, 22+ for 22 or more, and … for what would tell of so few: nobody shall be recognised.</i>"
)
NO_FIGURE = Text("–")

SUBJECT = Text("HU Counseling: weekly report {week}")
CAPTION = Text("{since} to {until}, and the week before")
TABLES = Text("The same figures as a table, for any spreadsheet and for Excel.")

REQUESTS = Text("Requests")
CRISES = Text("Requests in a crisis")
STARTED = Text("Conversations begun")
ENDED = Text("Conversations ended")
WAIT = Text("Median wait in minutes")
MESSAGES = Text("Messages")
RATINGS = Text("Ratings")
RATING = Text("Average rating, of 5")
COUNSELORS = Text("Counselors at work")

FIGURE = Text("Figure")
BY_TOPIC = Text("Requests by topic")
THIS_WEEK = Text("this week")
WEEK_BEFORE = Text("the week before")
BEFORE = Text("week before: {figure}")
RANGE = Text("{since} to {until}")
SHEET = Text("Week")
