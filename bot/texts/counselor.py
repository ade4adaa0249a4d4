"""What a counselor reads."""

from __future__ import annotations

from bot.domain.text import Text

APPROVED = Text(
    "<b>Welcome, {name}.</b>\nYou are a counselor now, and online: requests will be offered to you here, each with the time you "
    "have to answer."
)
CHANGED = Text("Your details were changed: {name}, {topics}.")
HOME = Text(
    "<b>You are a counselor, {name}, and online.</b>\nTopics: {topics}\nRequests are offered to you here, with <i>Accept Session</i> and "
    "<i>Decline</i>. When you are in several conversations, reply to a message of the one you mean."
)
HOME_OFFLINE = Text(
    "<b>You are a counselor, {name}, and offline.</b>\nTopics: {topics}\nNothing is offered to you until you go online, on your dashboard."
)
LAPSED = Text("The time to answer is over, and somebody else is asked.")
OFFER = Text(
    "🔔 <b>A student asks for help.</b>\nTopic: {topic}\nGender: {gender}\n{description}\nPlease answer within {minutes}, else it goes to "
    "somebody else."
)
OFFER_DESCRIPTION = Text("In their words: <i>{description}</i>\n")
NO_DESCRIPTION = Text("")
MINUTES = Text("{minutes} min")
SECONDS = Text("{seconds} s")
ACCEPT = Text("✅ Accept Session")
DECLINE = Text("✖️ Decline")
ACCEPTED = Text("✅ You accepted the request of student {alias}.\nTopic: {topic}")
DECLINED = Text("You declined. Thank you for saying so at once.")
GONE = Text("This request is no longer available.")
STARTED = Text(
    "🤝 <b>You are talking with student {alias}.</b>\nTopic: {topic}\nJust write: each message is passed on under your display name."
)
CONFIRM_END = Text("End the conversation with student {alias}? It cannot be taken up again.")
ENDED_BY_YOU = Text("The conversation with student {alias} has ended. Thank you.")
ENDED_BY_STUDENT = Text("Student {alias} has ended the conversation. Thank you for being there.")
STUDENT = Text("<b>Student {alias}</b>")
FROM_STUDENT = Text("{heading}\n{body}")
ACTIVE = Text("Conversations: {count}\n{aliases}")
ACTIVE_SEVERAL = Text(
    "Conversations: {count}\n{aliases}\n\nWhat you write goes to the current one; a reply goes to whom you reply to. Where it could be "
    "another one, you are asked first."
)
AND_YOUR_OWN = Text("{helping}\n\n<b>Yourself</b>\n{own}")
YOUR_COUNSELOR = Text("You are talking with <b>{name}</b>, your counselor. To write to them, reply to a message of theirs.")
ALIAS_LINE = Text("• student {alias}, {topic}")
CURRENT_LINE = Text("▶ <b>student {alias}</b>, {topic} (current)")
END = Text("🔚 End {alias}")
NOT_DELIVERED = Text("⚠️ This message could not be delivered to student {alias}, who cannot be reached right now.")
NOT_THROUGH = Text("⚠️ I am sorry: this message did not get through to student {alias}, who is still there. Please send it again.")
UNREACHABLE = Text("⚠️ Student {alias} cannot be reached: they have blocked the bot or deleted their account.")
