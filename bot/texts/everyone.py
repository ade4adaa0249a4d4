"""What anybody may read."""

from __future__ import annotations

from bot.domain.text import Text

WELCOME = Text(
    "<b>HU Counseling</b>\nHere you can talk with a trained volunteer about what weighs on you. Nobody learns who you are: "
    "the counselor sees neither your name nor your number nor your picture.\n\nWhat would you like to do?"
)
HELP = Text(
    "<b>How it works</b>\n1. You press <i>Request Counseling</i>, choose a topic and say a word about it, if you like.\n"
    "2. A counselor who is free takes it up; they do not learn who you are.\n3. You simply write here, and each message is passed on.\n"
    "4. Either of you can end the conversation at any time.\n\n/menu – the buttons\n/sos – help lines, at once\n"
    "/privacy – what is kept\n/cancel – leave what you are filling in"
)
ABOUT = Text("A service by trained volunteers for students. Conversations are anonymous and free of charge.")
PRIVACY = Text(
    "<b>What is kept</b>\n• Your Telegram id, encrypted, so that messages reach you. Counselors never see it.\n"
    "• What you write, in a request or a conversation, encrypted, until {days} days after its end; then it is erased.\n"
    "• That there was a request or a conversation: topic, times, the gender that you chose, the counselor, the stars that you "
    "gave.\n"
    "• Of counselors, and of those who apply: display name and what they say about themselves, encrypted, topics and gender; and why an "
    "application was not accepted, encrypted.\n\n<b>Limits</b>\n• Telegram itself sees the messages of its users.\n"
    "• Snapshots that the host makes of its disks are beyond us.\n"
    "• Where somebody's life is in danger, the counselor may call in an emergency service."
)
CONSENT = Text(
    "<b>Before we begin</b>\n• You talk with a trained volunteer, not with a doctor.\n"
    "• The counselor sees your topic, the gender that you choose and what you write, and nothing else about you.\n"
    "• Messages are kept encrypted until {days} days after the end, then erased.\n"
    "• Telegram itself sees the messages of its users.\n"
    "• What you say stays between you, unless a life is in danger.\n\nDo you agree?"
)

CONSENT_NEEDED = Text("Please read and agree to the conditions first: press Request Counseling.")
NOTHING_TO_CANCEL = Text("There is nothing to cancel.")
CANCELLED = Text("Left. Nothing was sent.")
NO_CONVERSATION = Text("You are in no conversation right now, so this was not sent to anybody.")
UNREAD = Text(
    "I am only the bot, and nobody has read this. If you would like to talk with somebody, press <i>Request Counseling</i>: it takes three "
    "taps. If it cannot wait, /sos shows whom you can call now."
)
PRESS_A_BUTTON = Text("Please press one of the buttons.")
OVER = Text("That conversation has ended, so your reply was <b>not sent</b> to anybody.")
UNKNOWN_COMMAND = Text("I do not know this command. /menu shows what there is.")
NO_LONGER_AVAILABLE = Text("This is no longer available.")
FORGED = Text("This button is not valid any more. /menu shows what there is.")
FAILED = Text(
    "Sorry, something went wrong with your last message or press, and it was not carried out. Please try again later. "
    "If you ask somebody about it, name this code: {reference}"
)
FAILED_FOR_ADMINS = Text("⚠️ An update could not be handled and was parked: {reference} ({error}). Look for it in the log.")
CRISIS_FOR_ADMINS = Text(
    "🆘 <b>A student in a crisis waits, and no counselor can take it right now.</b>\nTopic: {topic}, student {alias}\nPlease find somebody: "
    "whoever writes to the bot or is added is asked at once."
)
QUEUE_FOR_ADMINS = Text(
    "⏳ <b>Requests have waited for more than {minutes} min, and no counselor is free for them.</b>\n{topics}\nThey are offered as soon as "
    "somebody comes online or has room again."
)
QUEUE_LINE = Text("• {topic}: {count}")

TEAM = Text("The counseling team")

REQUEST = Text("🆘 Request Counseling")
END = Text("🔚 End Session")
CANCEL_REQUEST = Text("✖️ Cancel Request")
SOS = Text("🆘 Help lines")
HELP_BUTTON = Text("❔ How it works")
PRIVACY_BUTTON = Text("🔒 Privacy")
MENU = Text("🏠 Home")
AGREE = Text("✅ I agree")
DISAGREE = Text("Not now")
BACK = Text("⬅️ Back")
YES_END = Text("Yes, end it")
NO_GO_ON = Text("No, go on")
