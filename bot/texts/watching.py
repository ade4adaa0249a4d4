"""What the admins are told of the service that looks after itself."""

from __future__ import annotations

from bot.domain.text import Text

# Set right

SET_RIGHT = Text(
    "🔧 <b>Something was not as it must be, and the bot has set it right.</b>\n{lines}{concerned}\nNobody need do anything. If it comes "
    "again and again, please tell whoever looks after the bot: it is a defect."
)
CONCERNED = Text("\nSessions: {aliases}")
CONCERNED_NOBODY = Text("")
REPAIRED = {
    "offer_of_what_is_not_offered": Text("• offers that could not be accepted any more, withdrawn: {count}"),
    "second_offer": Text("• second offers of one request, withdrawn: {count}"),
    "offer_to_nobody_there": Text("• offers to counselors who are not there, withdrawn: {count}"),
    "offer_back": Text("• offers to somebody who must not get them, withdrawn: {count}"),
    "offer_unseen": Text("• offers that nobody could see, withdrawn: {count}"),
    "offered_to_nobody": Text("• requests that were offered to nobody, back in the queue: {count}"),
    "offer_overdue": Text("• offers whose time was over, lapsed: {count}"),
    "counselor_out_of_service": Text("• conversations of counselors who are out of service, back in the queue: {count}"),
    "current_elsewhere": Text("• people whose current conversation was over, or not theirs: {count}"),
    "active_without_time": Text("• conversations that could never time out, given a time: {count}"),
    "open_without_key": Text("• conversations without a key, given a new one; what was said before cannot be read: {count}"),
    "match_missing": Text("• requests that nobody was asked to match, a match asked for: {count}"),
}

# Health

ALARM = Text("🩺 <b>The service needs you.</b>\n{lines}")
RECOVERED = Text("🩺 <b>It is well again.</b>\n{lines}")
WITH_REMEDY = Text("{line}\n→ {remedy}")
REMEDIES = {
    "telegram": Text("Look at the log: it says why. If the token was revoked, set the new one as BOT_TOKEN and restart."),
    "updates": Text("What people write is not handled. Look at the log for errors; if there are none, restart the bot."),
    "deliveries": Text("What people are owed does not go out. If Telegram answers, look at the log; then restart the bot."),
    "database": Text("Delete old files beside the database or in the folder of the backups, or make the disk larger."),
    "disk": Text("Delete old files in the folder of the backups, or make its disk larger."),
    "lag": Text("The machine is too busy: look for another program on it, or give the bot more of a processor."),
    "proof": Text(
        "Look at the log of the task restore_drill. Until it succeeds, do not rely on the backups: run /backup, then the drill."
    ),
}
BACKUP_PAUSED = Text("The schedule of the backup is paused: resume it under /tasks, then run /backup.")
BACKUP_FAILED = Text("The last attempt failed: {error} Put that right, then run /backup.")
BACKUP_NOT_RUN = Text("No run of it has ended since: look under /tasks whether it waits, then run /backup.")
