"""What is asked of people who left something unanswered: short, warm, and once."""

from __future__ import annotations

from bot.domain.text import Text

OFFER = Text("🔔 A request still waits for your answer, for {left} more. If it does not suit you, <i>Decline</i> helps too.")
LAPSES = Text(
    "🔔 Requests went on to somebody else because there was no answer in time: {count}. No harm done. If now is not a good moment, go "
    "offline, and students are offered to somebody who is there."
)

ANSWER_STUDENT = Text(
    "💬 Student {alias} has been waiting for a word from you for {span}. A short one is enough; if you cannot go on, hand the conversation "
    "over."
)
GREET_STUDENT = Text(
    "💬 Student {alias} is there, and nobody has written yet, for {span}. A short hello from you makes it easier."
)
ANSWER_COUNSELOR = Text(
    "💬 <b>{name}</b> wrote to you {span} ago. There is no hurry: whenever you feel like it, just write here, and it is passed on."
)

RATING = Text(
    "⭐ Your last conversation here has been over for a day. How was it for you? One tap is enough, and your counselor does not learn who "
    "gave which stars."
)

APPLICATION = Text(
    "📄 An application to become a counselor has been waiting for you for {span}. Please read it and decide: somebody would like to help."
)
APPLICATIONS = Text(
    "📄 Applications to become a counselor wait for you: {count}, the oldest for {span}. Please read them and decide: people would like to "
    "help."
)
