"""What admins read, and what people read about whom they decide."""

from __future__ import annotations

from bot.domain.text import Text

# The panel

PANEL = Text("🛠 Admin Panel")
OVERVIEW = Text(
    "<b>Admin Panel</b>\n{at}\n\nWaiting for a counselor: {waiting}\nOffered to a counselor: {offered}\nConversations: {active}\n"
    "Counselors online: {online} of {approved}\nApplications to decide: {applications}"
)
HELP = Text(
    "{help}\n\n<b>For admins</b>\n/admin – the panel\n/pending – applications\n/counselors – counselors\n/stats – figures\n"
    "/health – whether all is well\n/tasks – scheduled tasks\n/backup, /cleanup, /match – run one of them now"
)
APPLICATIONS = Text("📄 Applications")
COUNSELORS = Text("🧑‍🤝‍🧑 Counselors")
SESSIONS = Text("💬 Sessions")
TASKS = Text("⏰ Tasks")
STATISTICS = Text("📊 Statistics")
ADMINS = Text("🛡 Admins")
HEALTH = Text("🩺 Health")
REFRESH = Text("🔄 Refresh")
TO_PANEL = Text("🛠 Panel")
PREVIOUS = Text("◀")
NEXT = Text("▶")
PAGE = Text("{title}\npage {number} of {of}")
LISTING = Text("{title}\n\n{lines}")
LINE = Text("{line}")
LOOK = Text("👉 Look at it")
NO_KEEP = Text("No, leave it")

# Applications

APPLICATIONS_TITLE = Text("<b>Applications</b>")
NO_APPLICATIONS = Text(
    "<b>Applications</b>\nNobody waits for a decision. Whoever applies appears here, and you are told at once."
)
APPLICATION = Text("<b>Application</b>\n{profile}\nSent: {at}")
PROFILE = Text("Name: {name}\nGender: {gender}\nTopics: {topics}\nAbout them: {about}")
NO_BIO = Text("nothing yet")
APPROVE = Text("✅ Approve")
REJECT = Text("✖️ Reject")
APPROVED = Text("✅ <b>{name}</b> is a counselor now, and online. They have been told.")
CHANGED_MEANWHILE = Text("⚠️ They have changed something since you read it, so nothing is decided yet.\n\n{application}")
ASK_REASON = Text(
    "<b>Why is {name} not accepted?</b>\nPlease write it in one message, at most {most} characters. What you write next goes to the applicant, "
    "<b>not to a student</b>. Or press <i>Without a reason</i>."
)
CONFIRM_REASON = Text("Reject <b>{name}</b>? This is what they will read:\n<i>{reason}</i>")
YES_REJECT = Text("Yes, reject")
WRITE_AGAIN = Text("✏️ Write it again")
WITHOUT_REASON = Text("Without a reason")
REASON_TOO_LONG = Text("That is {length} characters, and at most {most} fit. Please give the reason in fewer words.")
REJECTED = Text("The application of <b>{name}</b> is rejected. They have been told, and can apply again.")
DECIDED = Text("This application has already been decided, or was taken back.")

# Counselors

COUNSELORS_TITLE = Text(
    "<b>Counselors</b>\n🟢 online, ⚪ offline, 🚫 cannot be reached, ⛔ deactivated; in brackets: conversations and open offers"
)
NO_COUNSELORS = Text("<b>Counselors</b>\nThere are none yet. Whoever is approved, or added by the operator, appears here.")
COUNSELOR_LINE = Text("{mark} {name} ({load})")
COUNSELOR = Text(
    "<b>Counselor</b>\n{profile}\nState: {state}{admin}\n\nConversations: {active}, open offers: {offers}\nEnded: {ended} (last 7 days: {week}, "
    "last 30 days: {month})\nRating: {rating}\nOffers accepted: {accepted}, declined: {declined}, not answered: {lapsed}"
)
ONLINE = Text("🟢 online")
OFFLINE = Text("⚪ offline")
UNREACHABLE = Text("🚫 cannot be reached (has blocked the bot)")
OUT_OF_SERVICE = Text("⛔ deactivated")
IS_ADMIN = Text(", also an admin")
IS_NO_ADMIN = Text("")
RATING = Text("{mean} of 5 ({count})")
FEW_RATINGS = Text("{count} so far, too few for a mean")
DEACTIVATE = Text("⛔ Deactivate")
REACTIVATE = Text("✅ Reactivate")
DELETE = Text("🗑 Delete")
APPOINT = Text("🛡 Appoint as admin")
CONFIRM_DEACTIVATE = Text(
    "Deactivate <b>{name}</b>? They get no more requests. Conversations of theirs go back to the queue, {active} now, and the students are told."
)
YES_DEACTIVATE = Text("Yes, deactivate")
DEACTIVATED = Text("⛔ <b>{name}</b> is deactivated. They and the students concerned have been told.")
REACTIVATED = Text("✅ <b>{name}</b> is a counselor again, and online. They have been told.")
CONFIRM_DELETE = Text(
    "Delete the counselor <b>{name}</b>? Conversations of theirs go back to the queue, {active} now. They disappear from all lists; ended "
    "conversations stay on record. To help again, they have to apply again."
)
YES_DELETE = Text("Yes, delete")
DELETED = Text("🗑 <b>{name}</b> is no longer a counselor. They and the students concerned have been told.")
CONFIRM_APPOINT = Text("Make <b>{name}</b> an admin? They can then do everything that you can do here.")
YES_APPOINT = Text("Yes, appoint")
NO_COUNSELOR = Text("There is no such counselor any more.")
NOT_IN_SERVICE = Text("This counselor is not in service any more.")
NOT_DEACTIVATED = Text("This counselor is not deactivated any more.")

YOU_ARE_DEACTIVATED = Text(
    "The admins have deactivated you as a counselor: you get no requests for now. Conversations that you had go on with others. Only the "
    "admins can activate you again: please talk to them."
)
YOU_ARE_REACTIVATED = Text(
    "You are a counselor again, and online: requests are offered to you here. If it does not suit you now, go offline on your dashboard."
)
YOU_ARE_DELETED = Text(
    "The admins have taken you out of the list of counselors. Conversations that you had go on with others. Thank you for what you have done; "
    "if you would like to help again, you can apply at any time."
)

# Sessions

SESSIONS_TITLE = Text("<b>Sessions: {shown}</b>")
NO_SESSIONS = Text("<b>Sessions: {shown}</b>\nThere are none. What students ask for appears here.")
SHOWN = {
    "waiting": Text("waiting"),
    "offered": Text("offered"),
    "active": Text("active"),
    "ended": Text("ended"),
    "all": Text("all"),
}
CHOSEN = Text("• {name}")
STATES = {
    "waiting": Text("waiting"),
    "offered": Text("offered"),
    "active": Text("active"),
    "ended": Text("ended"),
    "cancelled": Text("cancelled"),
}
SESSION_LINE = Text("{crisis}{alias}, {topic}, {state} ({age})")
CRISIS = Text("🆘 ")
NO_CRISIS = Text("")
SESSION = Text(
    "<b>Session {alias}</b>\nTopic: {topic}\nPriority: {priority}\nState: {state}\nCounselor: {counselor}\nAsked for: {requested}\n"
    "Last message: {last}\nMessages: {messages}\n\n<b>What happened</b>\n{events}\n\n<b>Offers</b>\n{offers}"
)
PRIORITY_CRISIS = Text("crisis")
PRIORITY_NORMAL = Text("normal")
STATE_BECAUSE = Text("{state} ({reason})")
NOBODY = Text("nobody")
NO_MESSAGE = Text("none yet")
EVENT = Text("{at}: {state} ({reason})")
NO_OFFERS = Text("none so far")
OFFER = Text("• {name}: {outcome}, score {score}{parts}")
PARTS = Text(" = {parts}")
PART = Text("{name} {points}")
NO_PARTS = Text("")
PART_NAMES = {
    "specialization": Text("topic"),
    "load": Text("load"),
    "rating": Text("rating"),
    "experience": Text("experience"),
    "crisis": Text("crisis training"),
    "wishes": Text("wishes"),
}
OUTCOMES = {
    "accepted": Text("accepted"),
    "declined": Text("declined"),
    "lapsed": Text("not answered"),
    "withdrawn": Text("withdrawn"),
}
OPEN_UNTIL = Text("open until {at}")
LEFT_OUT = Text("… and {count} before that")
ACCEPT_MYSELF = Text("🤝 Accept myself")
ASSIGN = Text("👉 Assign")
FORCE_END = Text("🔚 Force end")
CONFIRM_TAKE = Text(
    "Take up session {alias} yourself? The student sees you as <b>{name}</b>, and what you write here then goes to them."
)
YES_TAKE = Text("Yes, I take it")
TAKEN = Text("You have taken up session {alias}. The student has been told.")
CONFIRM_FORCE_END = Text(
    "End session {alias} for both sides? It cannot be taken up again; they are told that the admins have ended it."
)
YES_FORCE_END = Text("Yes, end it")
FORCE_ENDED = Text("Session {alias} is over. All concerned have been told.")
ASSIGN_TITLE = Text(
    "<b>Who should take session {alias}?</b>\nThe score says how well they fit; behind it what they have on their hands."
)
NOBODY_TO_ASSIGN = Text(
    "<b>Who should take session {alias}?</b>\nNobody can: whoever is approved, can be reached, has room and did not have it before appears here."
)
CANDIDATE = Text("{mark} {name}, score {score}, {load}/{capacity}")
ASSIGNED = Text("Session {alias} is offered to <b>{name}</b>, who has {minutes} to answer.")

NO_SESSION = Text("There is no such session any more.")
NOT_OPEN = Text("This session does not wait any more.")
YOUR_OWN = Text("This is your own request: somebody else has to take it.")
NO_ROOM = Text("You have as many conversations as one person can have. Please end one first.")
CANNOT_TAKE = Text(
    "This counselor cannot take it now: they are full, out of service, cannot be reached, or had it before. Please choose another one."
)
OFFERED_TO_THEM = Text("This session is offered to this counselor already.")

# Statistics

FIGURES = Text(
    "<b>Statistics</b>\n{at}\n\nCounselors: {approved}, online: {online}\nApplications: {applications}\n{states}\n\n{counted}"
)
NOT_COUNTED = Text("All other figures are being counted. Please press <i>Refresh</i> in a moment.")
COUNTED = Text(
    "<b>So far</b>, as of {at}\nPeople: {people}\nRequests: {all}\nEnded: {over}\nCancelled: {cancelled}\nMessages: {messages}\n"
    "Average rating: {rating}\n\n<b>By topic</b>\n{topics}\n\n"
    "<b>Last 24 hours</b>\nRequests: {requested}\nBegun: {started}\nEnded: {ended}\nMessages: {recent}\n\n<b>Last 7 days</b>\n"
    "Average wait: {wait}\nRequests until yesterday: {week} (the 7 days before: {before})"
)
FIGURE = Text("{name}: {count}")
NO_TOPICS = Text("none yet")
NO_WAIT = Text("no request was taken up yet")
NO_RATING = Text("nobody has rated yet")

# Tasks

RUN_DONE = Text("✅ <b>{task}</b>, which you asked for, is done: {summary}.")

# Admins

ADMINS_TITLE = Text("<b>Admins</b>\nNamed in ADMIN_IDS, fixed: {fixed}\nAppointed: {appointed}")
APPOINT_SOMEBODY = Text("➕ Appoint an admin")
ADMIN_LINE = Text("🛡 {name}")
ASK_TELEGRAM_ID = Text(
    "<b>Who should become an admin?</b>\nPlease write their Telegram id, a number; @userinfobot tells it to them. They must have written to this "
    "bot before. They get an invitation here, and are an admin as soon as they accept it."
)
INVITED = Text(
    "If this person has written to the bot before, they now have an invitation, good for seven days. You are told here when they accept it. "
    "If nothing comes, ask them whether they see it, and compare the number."
)
INVITATION = Text(
    "🛡 An admin of this service invites you to become one too: to decide about counselors, and to watch over the queue. If you do not know "
    "why you get this, press <i>No, thank you</i>: it was meant for somebody else."
)
ACCEPT_INVITATION = Text("✅ Accept")
DECLINE_INVITATION = Text("✖️ No, thank you")
INVITATION_ACCEPTED = Text("🛡 Your invitation was accepted: there is one admin more now.")
INVITATION_DECLINED = Text("Alright, nothing has changed, and nobody is told.")
APPOINTED = Text("🛡 <b>{name}</b> is an admin now. They have been told.")
ADMIN = Text("🛡 <b>{name}</b> was appointed as an admin.")
DISMISS = Text("✖️ Dismiss")
CONFIRM_DISMISS = Text("Dismiss <b>{name}</b> as an admin? Conversations that they took up as an admin go back to the queue.")
CONFIRM_DISMISS_YOURSELF = Text(
    "Dismiss <b>yourself</b> as an admin? Conversations that you took up as an admin go back to the queue, and only another admin can appoint "
    "you again."
)
YES_DISMISS = Text("Yes, dismiss")
DISMISSED = Text("<b>{name}</b> is no longer an admin. They have been told.")
YOU_ARE_ADMIN = Text("🛡 You are an admin of this service now: /admin shows the panel, /help the commands.")
YOU_ARE_DISMISSED = Text("You are no longer an admin of this service. Thank you for what you have done.")
NO_PERSON = Text("There is no such person any more.")
NO_ADMIN = Text("This person is no appointed admin any more.")
ADMIN_ALREADY = Text("This person is an admin already.")
FIXED_ADMIN = Text("This admin is named in ADMIN_IDS and can only be taken out there.")
NO_TELEGRAM_ID = Text(
    "A Telegram id is a positive whole number of at most 16 digits, for example 123456789. Please send it once more."
)
NEVER_WROTE = Text(
    "Nobody with this Telegram id has ever written to the bot. Ask them to open it and press Start, then try again."
)
