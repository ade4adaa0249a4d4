"""What is said when a conversation goes to somebody else, falls silent or ends, what is asked about it, and what stands about it."""

from __future__ import annotations

from bot.domain.text import Text

# Transfer

TRANSFER = Text("🔁 Transfer {alias}")
CONFIRM_TRANSFER = Text(
    "Hand student {alias} over to another counselor? They are told, and keep their place in the queue. You will not get this conversation "
    "back, and whoever takes it up does not see what you wrote to each other."
)
YES_TRANSFER = Text("Yes, hand over")
TRANSFERRED_BY_YOU = Text(
    "You have handed student {alias} over, and somebody else is being asked. Thank you for seeing to it that they are in good hands."
)
TRANSFERRED = Text(
    "<b>{name}</b> cannot go on with this conversation and has handed it over. We are looking for another counselor now, and you keep "
    "your place in the queue: {place}."
)
TAKEN_BACK = Text(
    "Your counselor cannot go on with this conversation. That is not because of you. We are looking for another one now, and you keep your "
    "place in the queue: {place}."
)
UNTIL_THEN = Text(
    "{told}\n\nYou will be told here when somebody is there. Until then nobody reads what you write, and the new counselor sees only your "
    "topic and how you described it at the beginning."
)
WITH_HELP_LINES = Text("{told}\n\n{help_lines}")
TAKEN_FROM_YOU = Text("The conversation with student {alias} was taken back, and another counselor is being asked.")

# The end

ENDED_BY_ADMIN = Text(
    "The people who run this service have ended this conversation. If you need somebody, now or later, just make a new request."
)
STUDENT_ENDED_BY_ADMIN = Text("An admin has ended the conversation with student {alias}.")
REQUEST_ENDED_BY_ADMIN = Text(
    "The people who run this service have taken your request out of the queue. If you still need somebody, just make a new request."
)
MOVED_ON = Text("This session has just moved on. Please look at it again.")

# Silence

REMINDER = Text(
    "💬 Nobody has written here for {silence}. If you would like to go on, just write. If nobody does, the conversation ends in {left}; you "
    "can then make a new request at any time."
)
STUDENT_REMINDER = Text(
    "💬 Nobody has written in the conversation with student {alias} for {silence}. A short word shows them that you are there. If nobody "
    "writes, it ends in {left}."
)
TIMED_OUT = Text(
    "Nobody has written here for a long while, so this conversation has ended. If you need somebody, now or later, just make a new request."
)
STUDENT_TIMED_OUT = Text("Nobody has written for a long while, so the conversation with student {alias} has ended.")

# Rating

HOW_WAS_IT = Text("{told}\n\nHow was it? Your counselor does not learn who gave which stars.")
ASK_AGAIN = Text("How was the conversation? Your counselor does not learn who gave which stars.")
STARS = Text("⭐ {stars}")
NOT_NOW = Text("Not now")
RATE_SESSION = Text("⭐ Rate Session")
RATE_LATER = Text("That is fine. You can still do it later, with the button below.")
RATED = Text("Thank you for the {stars} ⭐.")
RATED_AND_COMMENT = Text(
    "Thank you for the {stars} ⭐. Would you like to say a word about it? Just write, at most {most} characters, or press <i>Skip</i>. It is "
    "kept encrypted, your counselor does not see it, and it is erased together with the conversation."
)
SKIP_COMMENT = Text("Skip ➡️")
ALREADY_RATED = Text("You have rated this conversation already. Thank you!")
COMMENT_TOO_LONG = Text("That is {length} characters, and at most {most} fit. Please say it shorter, or press Skip.")
COMMENT_KEPT = Text(
    "Thank you, that helps us. Nobody answers what you write here: if you need somebody, press <i>Request Counseling</i>, and if it cannot "
    "wait, 🆘 shows whom you can call now."
)
COMMENT_TOO_LATE = Text("Thank you. This conversation was erased meanwhile, so only your stars are kept, and not what you wrote.")
COMMENT_SKIPPED = Text("Alright. Thank you for the stars.")

# Session info

SESSION_INFO = Text("ℹ️ Session Info")
SESSION_INFO_OF = Text("ℹ️ {alias}")
INFO_FOR_STUDENT = Text("ℹ️ <b>Your conversation</b>\nCounselor: {name}\nTopic: {topic}\nSince: {since}\nMessages: {messages}")
INFO_FOR_COUNSELOR = Text(
    "ℹ️ <b>Student {alias}</b>\nTopic: {topic}\nGender: {gender}\n{description}Since: {since}\nMessages: {messages}\nLast message: {last}"
)
NO_MESSAGE = Text("none yet")
