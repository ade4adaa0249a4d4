"""Silence is measured until we have stored all that Telegram has, so that nobody who wrote is taken for silent."""

from __future__ import annotations

from datetime import timedelta

from bot.app import App
from bot.playground import BotApiServer
from bot.services.pulse import Pulse
from bot.storage import pulses
from bot.telegram.api import MOST_UPDATES
from tests.integration.transport import ReadOnly, intake_of, under_way
from tests.support import Cast, SteadyClock, change, one, wait_until

HALF = timedelta(hours=12)


async def nearly_over(app: App, cast: Cast, clock: SteadyClock) -> None:
    """Go on until a conversation whose sides were reminded would end, the bot not having polled since the reminder."""
    await cast.conversation(await cast.sara(), await cast.dawit())
    clock.at += HALF
    app.pulse.good(caught_up_at=clock())
    await app.idling.attend()
    clock.at += HALF


async def state(app: App) -> str:
    """Look after silent conversations; return how the only one stands then."""
    await app.idling.attend()
    return await one(app, "SELECT state FROM session")


async def test_behind_a_full_answer_there_may_be_more(app: App, cast: Cast, clock: SteadyClock) -> None:
    """She wrote while the bot was down, and a hundred updates of others lie before hers: it goes on."""
    async with BotApiServer() as server, intake_of(app, server) as intake:
        await nearly_over(app, cast, clock)
        abel, sara = server.person("Abel", user_id=3001), server.person("Sara", user_id=1001)
        for _ in range(MOST_UPDATES):
            await abel.send("hello")
        await sara.send("are you there?")
        found = []
        for _ in range(2):
            await intake._poll()
            found.append((await state(app), await one(app, 'SELECT count(*) AS number FROM "update"')))
        await change(app, 'DELETE FROM "update" WHERE chat_hash = :sara', sara=app.vault.lookup(1001))

    assert [("active", MOST_UPDATES), ("active", MOST_UPDATES + 1)] == found
    assert "ended" == await state(app)


async def test_what_is_not_stored_is_not_heard(app: App, cast: Cast, clock: SteadyClock) -> None:
    """The disk is full when she writes, and is free again before we have asked Telegram once more."""
    full = ReadOnly(app.db, is_full=True)
    async with BotApiServer() as server, intake_of(app, server, db=full) as intake:
        await nearly_over(app, cast, clock)
        await server.person("Sara", user_id=1001).send("are you there?")
        async with under_way(intake.run()):
            await wait_until(lambda: app.pulse.last_good_at == clock(), "Telegram has answered")
            while_full = await state(app)
        full.is_full = False
        await intake._poll()

    assert ("active", "active") == (while_full, await state(app))


async def test_other_processes_know_it_too(app: App, clock: SteadyClock) -> None:
    """What was caught up with is kept, and a poll that did not catch up does not take it back."""
    began = clock()
    for caught_up_at in (began, None):
        clock.move(minutes=1)
        app.pulse.good(caught_up_at=caught_up_at)
        own = app.pulse._own()
        assert own is not None
        async with app.db.transaction() as tx:
            await pulses.write(tx, own)
            there = await Pulse(db=app.db, clock=clock).read(tx)

        assert there is not None
        assert (began, clock()) == (there.caught_up_at, there.last_good_at)
