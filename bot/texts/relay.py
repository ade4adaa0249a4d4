"""What is said about messages that are passed on, and about those that are not."""

from __future__ import annotations

from bot.domain.text import Text

NOT_THIS_KIND = Text(
    "This kind of message (a contact, a place, a poll, a story …) cannot be passed on, so it was <b>not sent</b>. Text, voice messages, "
    "photos, videos, audio, files and stickers can."
)
EMPTY = Text("There is nothing to read in this message, so it was <b>not sent</b>.")
PICTURE_AS_FILE = Text(
    "A picture that is sent as a file tells where and with what it was taken, so it was <b>not sent</b>. Please send it as a photo: that "
    "takes these traces away."
)
FILM_AS_FILE = Text(
    "A video that is sent as a file can tell where and with what it was taken, so it was <b>not sent</b>. Please send it as a video, not as "
    "a file."
)
TOO_LARGE = Text(
    "This file has {size} MB, and at most 20 MB can be passed on, so it was <b>not sent</b>. Please send a smaller one."
)
TOO_LARGE_AFTER_ALL = Text(
    "⚠️ This file has more than the 20 MB that can be passed on, so it was <b>not sent</b>. Please send a smaller one."
)
NOT_THROUGH = Text(
    "⚠️ I am sorry: this message did not get through, and whom it was for is not in this conversation any more. /menu shows what you can "
    "do now."
)
CHANGE_NOT_THROUGH = Text("⚠️ I am sorry: this change did not get through. On the other side the message stands as it was.")
FILE_CHANGED = Text("The file of a message cannot be exchanged on the other side. Please send the new one as a new message.")
NOT_CHANGED = Text(
    "This change was <b>not passed on</b>: the conversation is over. If you need somebody, now or later, just make a new request."
)
TAKEN_BACK = Text("<i>(This part was taken back.)</i>")
IN_WORDS = Text("Please answer in words, or press one of the buttons. /cancel leaves what you are filling in.")

WHICH = Text(
    "❓ <b>For whom is this?</b> It is <b>not sent</b> yet, because it could be for somebody else.\nCurrent: {current}\n\n"
    "If you reply to a message of a student (swipe it, or hold it and choose <i>Reply</i>), I need not ask."
)
NONE_CURRENT = Text("none")
SEND_TO = Text("➡️ Student {alias}")
SEND_TO_YOURS = Text("➡️ {name}, your counselor")
DO_NOT_SEND = Text("✖️ Do not send")
SENT_TO = Text("➡️ Sent to student {alias}. What you write next goes to them, until somebody else writes.")
SENT_TO_YOURS = Text("➡️ Sent to {name}, your counselor.")
SENT_BEFORE = Text("This message was sent already.")
NOT_SENT = Text("Not sent to anybody.")
HELD_IS_GONE = Text("The message is not there any more, so it was not sent. Please write it again.")

SWITCH = Text("💬 Switch to {alias}")
CONFIRM_SWITCH = Text("Switch to student {alias}, {topic}?\nWhat you write next then goes to them. Now current: {current}")
YES_SWITCH = Text("✅ Switch to {alias}")
STAY = Text("⬅️ Stay")
SWITCHED = Text("💬 <b>You are writing to student {alias} now.</b>\nTopic: {topic}")
