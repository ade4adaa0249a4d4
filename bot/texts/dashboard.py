"""What a counselor reads about their own work."""

from __future__ import annotations

from bot.domain.text import Text

DASHBOARD = Text("🧭 Counselor Dashboard")

SCREEN = Text(
    "<b>{name}, {state}</b>\nTopics: {topics}\nOffers to answer: {offers}\nConversations: {active} of {capacity}\nRating: {rating}\n\n{notice}"
)
ONLINE = Text("🟢 online")
OFFLINE = Text("⚪ offline")
IS_ONLINE = Text("Requests are offered to you here.")
IS_OFFLINE = Text("Nothing new is offered to you until you go online.")
WENT_ONLINE = Text("You are online: whoever waits and fits is offered to you from now on.")
WENT_OFFLINE = Text(
    "You are offline: nothing new is offered to you, and what you had not answered goes to somebody else. Conversations that go on: {active}."
)

STATISTICS = Text(
    "<b>Your statistics</b>\nConversations now: {active}\nConversations ended: {ended}\n– in the last 7 days: {ended_week}\n"
    "– in the last 30 days: {ended_month}\n\nRating: {rating}\n\nOffers accepted: {accepted}\nOffers declined: {declined}\n"
    "Offers not answered in time: {lapsed}\nYou usually answer within: {answer}\n\nCounted is what is still on record."
)
RATING = Text("{mean} of 5 ({count} ratings)")
TOO_FEW_RATINGS = Text("shown from {fewest} ratings on, so far {count}")
NO_ANSWER = Text("no offer answered yet")

GO_ONLINE = Text("🟢 Go online")
GO_OFFLINE = Text("⚪ Go offline")
MY_STATISTICS = Text("📊 My Statistics")
EDIT_PROFILE = Text("✏️ Edit Profile")
