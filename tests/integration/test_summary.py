"""The daily summary: what needs the admins and what to do, and one line where nothing does."""

from __future__ import annotations

import pytest

from bot.app import App
from bot.domain.people import Actor
from bot.tasks import TASKS
from bot.tasks.base import Result, RunContext
from tests.support import Cast, SteadyClock, change

TOPICS = (*("academic_career", "mental_emotional", "relationships_social", "life_skills_growth", "crisis_substance", "other"),)


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    """Lensa is an admin, in Addis Ababa."""
    return {**environment, "ADMIN_IDS": "9001", "TIMEZONE": "Africa/Addis_Ababa"}


@pytest.fixture
async def lensa(cast: Cast) -> Actor:
    """Lensa, who reads it."""
    return await cast.app.people.identify(9001)


async def send(app: App) -> Result:
    """Run the task."""
    task = TASKS["daily_summary"]
    return await task.run(RunContext(services=app.executor.services), task.parse({}))


async def complete(app: App, cast: Cast) -> Actor:
    """Return Dawit, who is there for everything and has said who he is."""
    dawit = await cast.counselor(2001, "Dawit", *TOPICS)
    await change(app, "UPDATE counselor SET bio = :bio", bio=b"sealed")
    return dawit


async def test_a_quiet_morning(app: App, cast: Cast, lensa: Actor) -> None:
    """One line."""
    await complete(app, cast)
    result = await send(app)
    (said,) = await cast.said(lensa)

    assert "🌅 Good morning. Nobody waits too long, and nothing needs you: in the queue 0, conversations 0." == said
    assert "Told 1 admins of 0 things to do" == result.summary


async def test_an_empty_service(app: App, cast: Cast, lensa: Actor) -> None:
    """Nobody to help with anything."""
    await send(app)
    (said,) = await cast.said(lensa)

    assert "<b>No counselor for</b>: 📚 Academic, 🧠 Psychological" in said
    assert "<b>No counselor is online.</b>" in said


async def test_whoever_waits(app: App, cast: Cast, clock: SteadyClock, lensa: Actor) -> None:
    """Requests of more than an hour and conversations without an answer for two, by their aliases; six are five and one more."""
    dawit = await complete(app, cast)
    session = await cast.conversation(await cast.sara(), dawit)
    await cast.say(await app.people.identify(1001), "hello")
    await app.serving.go_offline(dawit)
    aliases = [(await cast.request(await cast.student(1100 + number))).alias for number in range(6)]
    clock.move(hours=3)
    result = await send(app)
    said = (await cast.said(lensa))[-1]

    assert f"<b>Waiting for more than 1 h</b>: {', '.join(aliases[:5])} and 1 more" in said
    assert f"<b>No answer for more than 2 h</b>: {session.alias}" in said
    assert (6, 1) == (result.counts["waiting_long"], result.counts["unanswered"])


async def test_who_was_answered_waits_for_nobody(app: App, cast: Cast, clock: SteadyClock, lensa: Actor) -> None:
    """The counselor had the last word."""
    dawit = await complete(app, cast)
    sara = await cast.sara()
    await cast.conversation(sara, dawit)
    await cast.say(sara, "hello")
    await cast.say(dawit, "hello")
    clock.move(hours=3)

    assert 0 == (await send(app)).counts["unanswered"]


async def test_topics_without_cover(app: App, cast: Cast, lensa: Actor) -> None:
    """Those that nobody names; and those for which nobody is online, unless a generalist is."""
    dawit = await cast.counselor(2001, "Dawit", "mental_emotional")
    await cast.counselor(2002, "Hana", "academic_career")
    await send(app)
    both = (await cast.said(lensa))[-1]
    await app.serving.go_offline(dawit)
    await send(app)
    one = (await cast.said(lensa))[-1]
    await cast.counselor(2003, "Abel", "other")
    await send(app)

    assert "No counselor for</b>: 💑 Life Skills, 🌱 Spiritual, 🆘 Addiction and Crises" in both
    assert "Nobody is online for" not in both
    assert "<b>Nobody is online for</b>: 🧠 Psychological" in one
    assert "Nobody is online for" not in (await cast.said(lensa))[-1]


async def test_hours_in_which_nobody_was_there(app: App, cast: Cast, clock: SteadyClock, lensa: Actor) -> None:
    """At 08 in UTC it is 11 in Addis Ababa; who changed their mind at once waited for nobody."""
    for number in range(3):
        student = await cast.student(1100 + number)
        session = await cast.request(student)
        clock.move(minutes=20 if number == 2 else 70)
        await app.requesting.cancel(student, session.alias)
        clock.move(days=1, minutes=-20 if number == 2 else -70)
    await send(app)

    assert "last week</b>: 11–12 (2)\n" in (await cast.said(lensa))[-1]


async def test_profiles_and_applications(app: App, cast: Cast, clock: SteadyClock, lensa: Actor) -> None:
    """How many, and since when."""
    await complete(app, cast)
    await cast.hana()
    await cast.applicant(4001, "Kidus")
    clock.move(hours=5)
    await send(app)
    said = (await cast.said(lensa))[-1]

    assert "a word about themselves</b>: 1\n" in said
    assert "<b>Applications</b>: 1, the oldest for 5 h\n" in said
