"""What somebody reads who would like to become a counselor, and what a counselor reads who changes their profile."""

from __future__ import annotations

from bot.domain.text import Text

BECOME = Text("🤝 Become a Counselor")
MINE = Text("📄 My application")

CHOOSE_TOPICS = Text("<b>What can you help with?</b>\nPress everything that fits: the first one that you press counts most.")
NO_TOPIC = Text("Please press at least one topic first.")
CHOOSE_GENDER = Text("<b>How may students think of you?</b>\nSome of them wish for a counselor of a certain gender.")
WRITE_NAME = Text(
    "<b>Under which name should students know you?</b>\nPlease write 2 to 50 characters. It need not be your real name.{now}"
)
WRITE_BIO = Text(
    "<b>Tell us about yourself.</b>\nPlease write 50 to 500 characters: what you study or do, your training, why you would like to help. "
    "The admins read it.{now}"
)
NOW = Text("\n\nNow it says:\n<i>{value}</i>")
NOT_YET = Text("")
PROFILE = Text("Topics: {topics}\nGender: {gender}\nDisplay name: {name}\nAbout you: {bio}")
NOTHING_YET = Text("nothing yet")
SUMMARY = Text("<b>Your application</b>\n{profile}\n\nIs everything right? It is <b>not sent yet</b>.")
SENT = Text(
    "✅ <b>Thank you for wanting to help.</b>\nThe admins read your application now, and you will be told here what they decide. Until then "
    "you can change it or take it back."
)
WAITING = Text("<b>Your application waits for the admins.</b>\n{profile}\n\nYou will be told here what they decide.")
REJECTED = Text(
    "<b>Your last application was not accepted.</b>\n{reason}You can apply again; what you wrote is still there, and you can change it."
)
REASON = Text("The reason: <i>{reason}</i>\n\n")
NO_REASON = Text("")
LAPSED = Text(
    "Nobody has decided on your application in half a year, and we are sorry. It is erased now, with all that you wrote in it. If you "
    "would still like to help, you are welcome to apply again."
)
CONFIRM_WITHDRAW = Text("Take your application back? What you wrote in it is erased.")
WITHDRAWN = Text("Your application is withdrawn and erased. You can apply again at any time.")

APPLIED_ALREADY = Text("You have applied already: /menu leads to your application.")
COUNSELOR_ALREADY = Text("You are a counselor already: /menu leads to your dashboard.")
DEACTIVATED = Text(
    "You were a counselor here, and the admins have deactivated you. Only they can activate you again: please talk to them."
)
TALK_FIRST = Text(
    "You have a request or a conversation open, and what you write is meant for that. Please apply when it is over: we would be glad."
)
NOT_CHANGEABLE = Text("Your profile cannot be changed right now: /menu shows where you stand.")

APPLICATION_FOR_ADMINS = Text("📄 Somebody would like to become a counselor. Please read the application and decide.")
CHANGED_FOR_ADMINS = Text("✏️ A counselor has changed their profile. It counts already; please have a look.")
READ = Text("📄 Read it")

MINE_AS_COUNSELOR = Text("<b>Your profile</b>\n{profile}\n\nWhat you change counts at once.")
NOT_FOR_STUDENTS = Text("What you write now goes into your profile, <b>not to a student</b>.\n\n{question}")
CONFIRM_NAME = Text("Students will know you as <b>{value}</b>. Is that right?")
CONFIRM_BIO = Text("This is what you say about yourself:\n<i>{value}</i>\n\nIs that right?")
SAVED = Text("✅ Saved.\n\n{screen}")

TOPICS = Text("✏️ Topics")
GENDER = Text("✏️ Gender")
NAME = Text("✏️ Display name")
BIO = Text("✏️ About you")
CHOSEN = Text("✅ {number}. {title}")
NOT_CHOSEN = Text("{title}")
NEXT = Text("Next ➡️")
SAVE = Text("💾 Save")
WRITE_AGAIN = Text("✏️ Write it again")
SEND = Text("📨 Send application")
AGAIN = Text("🔁 Apply again")
CANCEL = Text("✖️ Cancel")
WITHDRAW = Text("🗑 Withdraw")
YES_WITHDRAW = Text("Yes, withdraw it")
NO_KEEP = Text("No, keep it")
