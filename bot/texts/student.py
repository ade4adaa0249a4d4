"""What a student reads."""

from __future__ import annotations

from bot.domain.text import Text

CHOOSE_TOPIC = Text("What is it about?")
CHOOSE_GENDER = Text("How should the counselor think of you?")
GENDERS = {"male": Text("Male"), "female": Text("Female"), "anonymous": Text("Rather not say")}
DESCRIBE = Text(
    "<b>{topic}</b>\nIf you like, write in a few words what it is about: only the counselor sees it. Or press <i>Skip</i>.\n"
    "Please leave out names and numbers."
)
SKIP = Text("Skip ➡️")
DESCRIPTION_TOO_LONG = Text(
    "That is {length} characters, and at most {most} fit. Please say it shorter; the rest can be said in the conversation."
)
REQUESTED = Text(
    "✅ <b>Your request is in.</b>\nTopic: {topic}\nYour place in the queue: {place}\n\nYou will be told here as soon as a counselor "
    "takes it up. You can put your phone away until then."
)
REQUESTED_CRISIS = Text(
    "✅ <b>We are asking a counselor for you right now.</b>\nYour place in the queue: {place}\n\n{help_lines}"
)
NOBODY_FREE = Text(
    "Nobody is free at this very moment. We keep asking, and the people who run this service have been told.\n\n{help_lines}"
)
ALREADY_OPEN = Text("You have a request or a conversation open already: one at a time.")
WAITING = Text("Your request waits for a counselor.\nTopic: {topic}\nYour place in the queue: {place}")
WAITING_CRISIS = Text("Your request waits for a counselor.\nTopic: {topic}\nYour place in the queue: {place}\n\n{help_lines}")
UNREAD_WAITING = Text(
    "Your request still waits, at place {place}. Nobody has read what you just wrote: please write it again when a counselor is there. If "
    "it cannot wait, /sos shows whom you can call now."
)
REQUEST_CANCELLED = Text("Your request was cancelled. You can make a new one at any time.")
STARTED = Text(
    "🤝 <b>{name} is here for you.</b>\nJust write: each message is passed on, without your name. /sos shows help lines at any time, and /menu lets you end it."
)
ACTIVE = Text("You are talking with <b>{name}</b>. Just write, and it is passed on.")
CONFIRM_END = Text("End the conversation with <b>{name}</b>? It cannot be taken up again, but you can always make a new request.")
ENDED_BY_YOU = Text("The conversation has ended. Thank you for your trust. You can come back at any time.")
ENDED_BY_COUNSELOR = Text(
    "<b>{name}</b> has ended the conversation. Thank you for having talked. If you need somebody again, today or later, just ask: you can "
    "make a new request at any time."
)
COUNSELOR = Text("<b>{name}</b>")
FROM_COUNSELOR = Text("{heading}\n{body}")
NOT_DELIVERED = Text("⚠️ This message could not be delivered to the counselor, who cannot be reached right now.")
NOT_THROUGH = Text("⚠️ I am sorry: this message did not get through. Your counselor is still there, so please send it again.")
UNREACHABLE = Text(
    "⚠️ <b>{name}</b> cannot be reached right now: the bot was blocked, or the account is gone. You can wait for them, or end this "
    "conversation and ask for somebody else at once."
)
