"""What the admins read in the morning: only what is to be done, and how."""

from __future__ import annotations

from bot.domain.text import Text

SUMMARY = Text("🌅 <b>Good morning. This needs you today</b>\nIn the queue: {waiting}, conversations: {active}\n\n{items}")
ALL_WELL = Text("🌅 Good morning. Nobody waits too long, and nothing needs you: in the queue {waiting}, conversations {active}.")

WAITING_LONG = Text(
    "⏳ <b>Waiting for more than {span}</b>: {aliases}\n→ Assign them under Sessions, or ask counselors to go online."
)
UNANSWERED = Text("💬 <b>No answer for more than {span}</b>: {aliases}\n→ Ask their counselor, or take them up under Sessions.")
UNCOVERED = Text("🧭 <b>No counselor for</b>: {topics}\n→ Look for volunteers who know about it, or ask counselors to add it.")
NOBODY_ONLINE = Text("🌙 <b>Nobody is online for</b>: {topics}\n→ Ask the counselors who can help with it to go online.")
NO_ONE_ONLINE = Text("🌙 <b>No counselor is online.</b>\n→ Ask in your group who can be there today.")
HOURS = Text("🕐 <b>Hours in which students found nobody last week</b>: {hours}\n→ Look for somebody who can be there then.")
HOUR = Text("{begin}–{end} ({count})")
PROFILES = Text("👤 <b>Profiles that lack a topic or a word about themselves</b>: {count}\n→ Ask them to press Edit Profile.")
APPLICATIONS = Text("📄 <b>Applications</b>: {count}, the oldest for {span}\n→ Read them and decide.")
AND_MORE = Text("{listed} and {count} more")
LISTED = Text("{listed}")
