"""Who left something unanswered is reminded once, and nobody who has blocked the bot."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.app import App
from bot.domain.people import Actor
from bot.domain.sessions import Session
from bot.services.reminding import Reminding
from bot.storage import updates
from bot.storage.updates import Incoming
from bot.tasks import TASKS
from bot.tasks.base import RunContext
from tests.support import Cast, SteadyClock, change, one

NOTHING = {"offers": 0, "lapses": 0, "sessions": 0, "ratings": 0, "applications": 0}


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    """Lensa is an admin."""
    return {**environment, "ADMIN_IDS": "9001"}


@pytest.fixture
async def lensa(cast: Cast) -> Actor:
    """Lensa, who decides about applications."""
    return await cast.app.people.identify(9001)


@pytest.fixture
def reminding(app: App) -> Reminding:
    """The service that the task calls."""
    return app.executor.services.watching.reminding


async def remind(reminding: Reminding) -> dict[str, int]:
    """Remind whoever is due, Telegram having nothing more for us just now; return the kinds of which there were some."""
    reminding.pulse.good(caught_up_at=reminding.clock())

    async def go_on() -> None:
        pass

    sent = await reminding.remind(limit=100, between=go_on)
    return {kind: count for kind, count in sent.items() if count}


async def last(cast: Cast, actor: Actor) -> str:
    """Return the last text that is owed to somebody."""
    return (await cast.said(actor))[-1]


async def talking(cast: Cast) -> tuple[Actor, Actor, Session]:
    """Return Sara, Dawit and a conversation of theirs that has just begun."""
    sara, dawit = await cast.sara(), await cast.dawit()
    return sara, dawit, await cast.conversation(sara, dawit)


# Conversations


async def test_a_student_who_waits_for_an_answer(app: App, cast: Cast, clock: SteadyClock, reminding: Reminding) -> None:
    """Two hours after what she wrote first her counselor hears of it, once, however often she writes meanwhile."""
    sara, dawit, session = await talking(cast)
    await cast.say(dawit, "hello")
    await cast.say(sara, "I cannot sleep")
    clock.move(minutes=119)
    early = await remind(reminding)
    await cast.say(sara, "are you there?")
    clock.move(minutes=1)
    due = await remind(reminding)
    said = await last(cast, dawit)
    clock.move(hours=1)
    await cast.say(sara, "please")
    clock.move(hours=3)

    assert ({}, {"sessions": 1}, {}) == (early, due, await remind(reminding))
    assert f"Student {session.alias} has been waiting for a word from you for 2 h" in said


async def test_each_silence_is_one(app: App, cast: Cast, clock: SteadyClock, reminding: Reminding) -> None:
    """He answers, she writes again, he falls silent again; then it is her turn, and she is told that there is no hurry."""
    sara, dawit, _ = await talking(cast)
    found: list[dict[str, int]] = []
    for author in (sara, dawit, sara, dawit):
        await cast.say(author, "a word")
        clock.move(hours=3)
        found.append(await remind(reminding))

    assert [{"sessions": 1}] * 4 == found
    assert "<b>Dawit</b> wrote to you 3 h ago. There is no hurry" in await last(cast, sara)


async def test_nobody_has_written_yet(app: App, cast: Cast, clock: SteadyClock, reminding: Reminding) -> None:
    """Whoever accepted should begin; what was said with the counselor before asks nobody any more."""
    sara, dawit, session = await talking(cast)
    await cast.say(sara, "hello")
    hana = await cast.hana()
    await app.transferring.transfer(dawit, session.alias)
    (offer,) = await app.matching.match_waiting(limit=1)
    clock.move(minutes=1)
    await app.offering.accept(hana, offer.id)
    clock.move(hours=2)

    assert {"sessions": 1} == await remind(reminding)
    assert "nobody has written yet, for 2 h" in await last(cast, hana)
    assert {} == await remind(reminding)


async def test_both_are_reminded_of_silence_only_once(app: App, cast: Cast, clock: SteadyClock, reminding: Reminding) -> None:
    """Where the reminder at half of the timeout has come, or comes within the hour, this one does not."""
    sara, _, _ = await talking(cast)
    await cast.say(sara, "hello")
    short = replace(reminding, timeout=timedelta(hours=6))
    clock.move(hours=2)
    soon = await remind(short)
    clock.move(hours=10)
    await app.idling.attend()
    reminding.pulse.good(caught_up_at=clock())
    await app.idling.attend()

    assert ({}, {}) == (soon, await remind(reminding))


async def test_what_we_did_not_hear_is_no_silence(app: App, cast: Cast, clock: SteadyClock, reminding: Reminding) -> None:
    """While Telegram does not answer, or an answer lies in our table, nobody is reminded."""
    sara, _, _ = await talking(cast)
    await cast.say(sara, "hello")

    async def go_on() -> None:
        pass

    never = await reminding.remind(limit=100, between=go_on)
    reminding.pulse.good(caught_up_at=clock())
    clock.move(hours=3)
    deaf = await reminding.remind(limit=100, between=go_on)
    incoming = Incoming(update_id=1, chat_hash=app.vault.lookup(2001), payload=b"sealed")
    async with app.db.transaction() as tx:
        await updates.store(tx, [incoming], at=clock())
    waits = await remind(reminding)
    await change(app, 'DELETE FROM "update"')

    assert (NOTHING, NOTHING, {}, {"sessions": 1}) == (never, deaf, waits, await remind(reminding))


async def test_who_blocked_the_bot_is_left_in_peace(app: App, cast: Cast, clock: SteadyClock, reminding: Reminding) -> None:
    """Of a conversation, of an offer, of stars."""
    sara, dawit, session = await talking(cast)
    await cast.say(sara, "hello")
    await change(app, "UPDATE person SET is_reachable = :no WHERE id = :id", no=False, id=dawit.me)
    clock.move(hours=3)
    unanswered = await remind(reminding)
    await app.closing.end(dawit, session.alias)
    await change(app, "UPDATE person SET is_reachable = :no WHERE id = :id", no=False, id=sara.me)
    clock.move(days=1)

    assert ({}, {}) == (unanswered, await remind(reminding))


# Offers


async def test_an_offer_that_is_open_for_long(app: App, cast: Cast, clock: SteadyClock, reminding: Reminding) -> None:
    """Once, under its message, with the time that is left; one of five minutes never."""
    dawit = await cast.dawit()
    patient = replace(app.matching, offer_timeout=timedelta(hours=1))
    await cast.request(await cast.sara())
    await patient.match_waiting(limit=1)
    clock.move(minutes=15)
    found = [await remind(reminding), await remind(reminding)]
    owed = (await cast.owed(dawit))[-1]

    assert [{"offers": 1}, {}] == found
    assert "for 45 min more" in await last(cast, dawit)
    assert await one(app, "SELECT delivery_id FROM offer") == owed.target_id


async def test_who_lets_offers_lapse(app: App, cast: Cast, clock: SteadyClock, reminding: Reminding) -> None:
    """From two in a row on, each counted once, with the way to go offline; who answered meanwhile is there, and not reminded."""
    dawit = await cast.dawit()
    for number in range(2):
        await lapse(app, cast, clock, 1100 + number)
    found = [await remind(reminding), await remind(reminding)]
    said = await last(cast, dawit)
    for number in range(2):
        await lapse(app, cast, clock, 1200 + number)
    offer = await cast.offer(await cast.student(1300))
    await app.offering.accept(dawit, offer.id)

    assert [{"lapses": 1}, {}] == found
    assert "no answer in time: 2." in said
    assert {} == await remind(reminding)


async def lapse(app: App, cast: Cast, clock: SteadyClock, telegram_id: int) -> None:
    """Have an offer to the only counselor lapse, and the request taken back."""
    student = await cast.student(telegram_id)
    offer = await cast.offer(student)
    clock.at = offer.expires_at
    await app.offering.lapse_due()
    session = await app.requesting.current(student)
    assert session is not None
    await app.requesting.cancel(student, session.alias)
    clock.move(seconds=1)


async def test_who_went_offline_is_not_told_to(app: App, cast: Cast, clock: SteadyClock, reminding: Reminding) -> None:
    """They know."""
    dawit = await cast.dawit()
    for number in range(3):
        await lapse(app, cast, clock, 1100 + number)
    await app.serving.go_offline(dawit)

    assert {} == await remind(reminding)


# Ratings


async def test_stars_that_are_missing(app: App, cast: Cast, clock: SteadyClock, reminding: Reminding) -> None:
    """A day after the end, once, and the stars can be given right there."""
    sara, dawit, session = await talking(cast)
    await app.closing.end(dawit, session.alias)
    clock.move(hours=23)
    early = await remind(reminding)
    clock.move(hours=1)
    found = [await remind(reminding), await remind(reminding)]
    async with app.db.reading() as tx:
        buttons = (await app.outbox.open(tx, (await cast.owed(sara))[-1]))["buttons"]
    await app.rating.rate(sara, session.alias, 5)

    assert ({}, [{"ratings": 1}, {}]) == (early, found)
    assert "How was it for you?" in await last(cast, sara)
    assert ["⭐ 5", "rating.stars", f"{session.alias}-5"] == buttons[0][-1]


@pytest.mark.parametrize("case", ["rated", "asks again", "too late", "erased"])
async def test_stars_that_nobody_is_asked_for(app: App, cast: Cast, clock: SteadyClock, reminding: Reminding, case: str) -> None:
    """Who gave them, who is in the middle of something else, and who has forgotten it since."""
    sara, dawit, session = await talking(cast)
    await app.closing.end(dawit, session.alias)
    clock.move(days=4 if case == "too late" else 1)
    if case == "rated":
        await app.rating.rate(sara, session.alias, 4)
    elif case == "asks again":
        await cast.request(sara)
    elif case == "erased":
        await change(app, "UPDATE session SET content_erased_at = :at", at=clock())

    assert {} == await remind(reminding)


async def test_a_key_that_is_gone_keeps_no_other_from_being_reminded(
    app: App, cast: Cast, clock: SteadyClock, reminding: Reminding
) -> None:
    """Of two conversations that ended yesterday one cannot be spoken about any more: the other student is asked all the same."""
    dawit = await cast.dawit()
    for number in (1001, 1002):
        session = await cast.conversation(await cast.student(number), dawit)
        await app.closing.end(dawit, session.alias)
        if number == 1001:
            await change(app, "DELETE FROM key WHERE id = :id", id=session.key_id)
            app.vault.forget(session.key_id)
    clock.move(days=1)

    assert {"ratings": 1} == await remind(reminding)


# Applications


async def test_applications_that_wait(app: App, cast: Cast, clock: SteadyClock, lensa: Actor, reminding: Reminding) -> None:
    """After a day the admins are reminded of all of them in one message, and once a day at most."""
    kidus = await cast.applicant(4001, "Kidus")
    clock.move(hours=23)
    await cast.applicant(4002, "Ruth")
    early = await remind(reminding)
    found: list[dict[str, int]] = []
    for hours in (1, 1, 22, 1):
        clock.move(hours=hours)
        found.append(await remind(reminding))
    said = await last(cast, lensa)
    await app.admin.moderating.reject(lensa, kidus.me)

    assert {} == early
    assert [{"applications": 1}, {}, {}, {"applications": 1}] == found
    assert "wait for you: 2, the oldest for 2 d." in said


async def test_the_task_counts(app: App, cast: Cast, clock: SteadyClock) -> None:
    """One line, and how many of each kind."""
    _, dawit, session = await talking(cast)
    await app.closing.end(dawit, session.alias)
    clock.move(days=1)
    task = TASKS["reminders"]
    result = await task.run(RunContext(services=app.executor.services), task.parse({"limit": 5}))

    assert ("Sent 1 reminders", {**NOTHING, "ratings": 1}) == (result.summary, result.counts)


async def test_idle_sessions_are_counted(app: App, cast: Cast, clock: SteadyClock) -> None:
    """The task does what the clock would, and says how much it was."""
    await talking(cast)
    task, found = TASKS["idle_sessions"], list[str]()
    for _ in range(3):
        clock.move(hours=12)
        app.pulse.good(caught_up_at=clock())
        found.append((await task.run(RunContext(services=app.executor.services), task.parse({}))).summary)

    assert [
        "Reminded both sides of 1 idle sessions and ended 0",
        "Reminded both sides of 0 idle sessions and ended 1",
        "Reminded both sides of 0 idle sessions and ended 0",
    ] == found
