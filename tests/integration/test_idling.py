"""Nobody writes: both are reminded at half of the timeout, and it ends at the whole of it; never because the bot was down."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.app import App
from bot.domain.people import Actor
from bot.domain.sessions import Session
from bot.processes import clock_of
from bot.scheduler import clock as the_clock
from bot.storage import updates
from bot.storage.updates import Incoming
from tests.support import Cast, SteadyClock, change, one, rows, wait_until

HALF = timedelta(hours=12)
MOMENT = timedelta(microseconds=1)


async def attend(app: App) -> None:
    """Look after silent conversations, Telegram having nothing more for us just now."""
    app.pulse.good(caught_up_at=app.clock())
    await app.idling.attend()


async def reminders(cast: Cast, actor: Actor) -> int:
    """Return how often *actor* was reminded."""
    return len([text for text in await cast.said(actor) if text.startswith("💬 Nobody has written")])


async def talking(cast: Cast) -> tuple[Actor, Actor, Session]:
    """Return Sara, Dawit and a conversation of theirs that has just begun."""
    sara, dawit = await cast.sara(), await cast.dawit()
    return sara, dawit, await cast.conversation(sara, dawit)


async def state(app: App) -> tuple[str, str | None]:
    """Return the state of the only session, and why it ended."""
    ((found, reason),) = [tuple(row.values()) for row in await rows(app, "SELECT state, end_reason FROM session")]
    return found, reason


async def test_a_reminder_at_half_of_it(app: App, cast: Cast, clock: SteadyClock) -> None:
    """Not a microsecond before, and then once for each side, whatever is looked at how often."""
    sara, dawit, session = await talking(cast)
    clock.at += HALF - MOMENT
    await attend(app)
    before = await reminders(cast, sara), await reminders(cast, dawit)
    clock.at += MOMENT
    for _ in range(3):
        await attend(app)
    await asyncio.gather(*(attend(app) for _ in range(4)))

    assert (0, 0) == before
    assert (1, 1) == (await reminders(cast, sara), await reminders(cast, dawit))
    assert "for 12 h" in (await cast.said(sara))[-1]
    assert "ends in 12 h" in (await cast.said(sara))[-1]
    assert f"student {session.alias}" in (await cast.said(dawit))[-1]


async def test_the_end_at_the_whole_of_it(app: App, cast: Cast, clock: SteadyClock) -> None:
    """Not a microsecond before; both are told, she is asked for a rating, and the event has the reason and nobody's name."""
    sara, dawit, session = await talking(cast)
    clock.at += HALF
    await attend(app)
    clock.at += HALF - MOMENT
    await attend(app)
    assert ("active", None) == await state(app)
    clock.at += MOMENT
    await asyncio.gather(*(attend(app) for _ in range(4)))
    event = (await rows(app, "SELECT reason, actor_id FROM session_event ORDER BY id"))[-1]

    assert ("ended", "timeout") == await state(app)
    assert ("timeout", None) == tuple(event.values())
    assert "this conversation has ended" in (await cast.said(sara))[-1]
    assert "How was it?" in (await cast.said(sara))[-1]
    assert f"with student {session.alias} has ended" in (await cast.said(dawit))[-1]
    assert 1 == len([text for text in await cast.said(sara) if "this conversation has ended" in text])


async def test_each_message_begins_anew(app: App, cast: Cast, clock: SteadyClock) -> None:
    """Of either side, also behind the reminder: the next one comes half of the timeout later."""
    sara, dawit, _ = await talking(cast)
    clock.at += HALF
    await attend(app)
    clock.move(hours=11)
    await cast.say(dawit, "are you there?")
    clock.at += HALF - MOMENT
    await attend(app)
    assert (1, 1) == (await reminders(cast, sara), await reminders(cast, dawit))
    clock.at += MOMENT
    await attend(app)
    await cast.say(sara, "yes")
    clock.at += HALF + timedelta(hours=1)
    await attend(app)

    assert (3, 3) == (await reminders(cast, sara), await reminders(cast, dawit))
    assert ("active", None) == await state(app)


async def test_after_a_long_time_down_the_reminder_comes_first(app: App, cast: Cast, clock: SteadyClock) -> None:
    """A week without a bot ends nothing: both are reminded, and have half of the timeout from then on."""
    sara, _, _ = await talking(cast)
    clock.move(days=7)
    await attend(app)
    clock.at += HALF - MOMENT
    await attend(app)
    assert ("active", None) == await state(app)
    clock.at += MOMENT
    await attend(app)

    assert 1 == await reminders(cast, sara)
    assert ("ended", "timeout") == await state(app)


async def test_nothing_ends_while_we_do_not_hear(app: App, cast: Cast, clock: SteadyClock) -> None:
    """Down, or Telegram down, when it would have ended: silence is what was heard, and nothing was heard since."""
    await talking(cast)
    await app.idling.attend()
    clock.at += HALF
    await attend(app)
    clock.move(hours=11)
    app.pulse.good(caught_up_at=app.clock())
    clock.move(hours=9)
    app.pulse.bad("no connection")
    await app.idling.attend()
    still = await state(app)
    await attend(app)

    assert ("active", None) == still
    assert ("ended", "timeout") == await state(app)


@pytest.mark.parametrize("writer", ["sara", "dawit"])
async def test_what_was_written_and_is_not_handled_counts(app: App, cast: Cast, clock: SteadyClock, writer: str) -> None:
    """A message that waits for the worker holds the end back, and the reminder; one of somebody else does not."""
    await talking(cast)
    numbers = {"sara": 1001, "dawit": 2001, "hana": 2002}
    for _ in range(2):
        clock.at += HALF
        before = await state(app), await one(app, "SELECT reminded_at FROM session")
        for update_id, name in enumerate((writer, "hana")):
            incoming = Incoming(update_id=update_id, chat_hash=app.vault.lookup(numbers[name]), payload=b"sealed")
            async with app.db.transaction() as tx:
                await updates.store(tx, [incoming], at=clock())
        await attend(app)
        assert before == (await state(app), await one(app, "SELECT reminded_at FROM session"))
        async with app.db.transaction() as tx:
            await tx.execute('DELETE FROM "update" WHERE update_id = 0')
        await attend(app)

    assert ("ended", "timeout") == await state(app)


@pytest.mark.parametrize("hours", [-400 * 24, -1, 1, 400 * 24])
async def test_a_clock_that_is_set_ends_nothing_early(app: App, cast: Cast, clock: SteadyClock, hours: int) -> None:
    """Back or forward, an hour or a year: behind any reminder there is half of the timeout, and no second one at once."""
    sara, _, _ = await talking(cast)
    clock.at += HALF - timedelta(hours=2)
    clock.move(hours=hours)
    for _ in range(2):
        await attend(app)
    assert ("active", None) == await state(app)
    reminded_at: datetime | None = await one(app, "SELECT reminded_at FROM session")
    clock.at += HALF - MOMENT
    await attend(app)

    assert await reminders(cast, sara) <= 1
    assert ("active", None) == await state(app)
    assert reminded_at is None or hours > 2


async def test_a_clock_that_was_set_back_keeps_nothing_open_for_ever(app: App, cast: Cast, clock: SteadyClock) -> None:
    """The machine believed it was 2031 once, and both wrote and were reminded then: a start sets it right."""
    await talking(cast)
    clock.move(days=5 * 365)
    await attend(app)
    clock.move(days=-5 * 365)
    await app.idling.reconcile()
    clock.at += HALF
    await attend(app)
    clock.at += HALF
    await attend(app)

    assert ("ended", "timeout") == await state(app)


async def test_many_at_once(app: App, cast: Cast, clock: SteadyClock) -> None:
    """Forty that fall silent at the same moment are reminded and ended in one go, each once."""
    dawit = await cast.dawit()
    students = [await cast.student(3000 + number) for number in range(40)]
    for student in students:
        await cast.request(student)
    await change(
        app,
        "UPDATE session SET state = 'active', counselor_id = :id, activated_at = :at, last_message_at = :at",
        id=dawit.me,
        at=clock(),
    )
    clock.at += HALF
    await attend(app)
    clock.at += HALF
    await attend(app)

    assert 40 == await reminders(cast, dawit)
    assert {1} == {await reminders(cast, student) for student in students}
    assert 40 == await one(app, "SELECT count(*) AS number FROM session WHERE end_reason = 'timeout'")


async def test_the_timeout_is_the_settings(app: App, cast: Cast, clock: SteadyClock) -> None:
    """``SESSION_TIMEOUT_HOURS`` is what is waited for, and said."""
    sara, _, _ = await talking(cast)
    short = replace(app.idling, timeout=timedelta(hours=1))
    clock.move(minutes=30)
    app.pulse.good(caught_up_at=app.clock())
    await short.attend()

    assert "for 30 min" in (await cast.said(sara))[-1]


async def test_a_waiting_request_is_not_idle(app: App, cast: Cast, clock: SteadyClock) -> None:
    """It waits as long as it must, also after a transfer."""
    sara, dawit, session = await talking(cast)
    await app.transferring.transfer(dawit, session.alias)
    clock.move(days=9)
    await attend(app)

    assert ("waiting", None) == await state(app)
    assert 0 == await reminders(cast, sara)


async def test_the_clock_looks_after_it(app: App, cast: Cast, clock: SteadyClock) -> None:
    """It sleeps until the moment, does what is due then, and looks again soon where Telegram does not answer right now."""
    await talking(cast)
    scheduler = clock_of(app)
    due = clock() + HALF
    async with app.db.reading() as tx:
        assert due == await app.idling.next_moment(tx)
    clock.at = due
    assert timedelta(seconds=10) == await scheduler.tick()
    app.pulse.good(caught_up_at=app.clock())
    await scheduler.tick()

    assert due == await one(app, "SELECT reminded_at FROM session")
    async with app.db.reading() as tx:
        assert due + HALF == await app.idling.next_moment(tx)


async def test_what_goes_wrong_there_stops_nothing(app: App, cast: Cast, clock: SteadyClock) -> None:
    """A conversation that cannot be looked after is in the log, and the clock goes on."""
    await talking(cast)
    broken = replace(app.idling, timeout=timedelta.max)  # no instant is so long ago
    app.pulse.good(caught_up_at=app.clock())
    ticking = asyncio.create_task(the_clock._beside(broken.attend, "It could not be looked after."))
    await wait_until(ticking.done, "the attempt is over")

    assert ticking.exception() is None
