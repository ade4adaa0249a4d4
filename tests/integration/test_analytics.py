"""The figures of each local day: counted once, when it is over, and kept when what they were counted from is deleted."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.app import App
from bot.domain.analytics import Day, Figures, Waits
from bot.domain.ids import OfferId
from bot.domain.people import Actor
from bot.domain.sessions import Session
from bot.services.analytics import Analytics
from bot.tasks import TASKS
from bot.tasks.base import Result, RunContext
from tests.integration.test_plans import Recorder, is_walk
from tests.support import Cast, SteadyClock, change, one, rows

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = date(2026, 3, 2)


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    """Days that are divided in Berlin, and content that is kept for a day."""
    return {**environment, "TIMEZONE": "Europe/Berlin", "SESSION_RETENTION_DAYS": "1"}


@pytest.fixture
def analytics(app: App) -> Analytics:
    """What rolls up."""
    return app.executor.services.analytics


async def go_on() -> None:
    """Nothing stops the work."""


def local(day: int, hour: int, minute: int = 0, *, month: int = 3) -> datetime:
    """Return an instant of 2026 on the clocks of Berlin."""
    return datetime(2026, month, day, hour, minute, tzinfo=BERLIN).astimezone(UTC)


async def waited(app: App, clock: SteadyClock, counselor: Actor, minutes: int) -> Session:
    """Let time pass, and have the counselor take what waits."""
    clock.move(minutes=minutes)
    (offer,) = await app.matching.match_waiting(limit=10)
    return await app.offering.accept(counselor, OfferId(offer.id))


async def tell_the_story(app: App, cast: Cast, clock: SteadyClock) -> None:
    """Two days of March in Berlin.

    On Monday, Sara asks about psychology and waits 4 minutes for Dawit; each says one thing, and it ends with 4 stars. Liya asks
    for help in a crisis, which Dawit declines; Hana lets it lapse, and it is taken back. On Tuesday, Sara asks again and Dawit
    takes it after 40 minutes; she says one thing, Dawit hands it on after midnight, to Hana, and it ends on Wednesday.
    """
    clock.at = local(2, 9)
    sara, liya, dawit = await cast.sara(), await cast.student(1002), await cast.dawit()
    await cast.request(sara)
    first = await waited(app, clock, dawit, 4)
    await cast.say(sara, "I cannot sleep.", message_id=1)
    await cast.say(dawit, "I am here.", message_id=2)
    await app.closing.end(sara, first.alias)
    await app.rating.rate(sara, first.alias, 4)
    crisis = await cast.request(liya, "crisis_substance")
    (offer,) = await app.matching.match_waiting(limit=10)
    await app.offering.decline(dawit, OfferId(offer.id))
    hana = await cast.hana()
    (offer,) = await app.matching.match_waiting(limit=10)
    clock.at = offer.expires_at + timedelta(seconds=1)
    await app.offering.lapse_due()
    await app.requesting.cancel(liya, crisis.alias)
    clock.at = local(3, 22)
    await app.serving.go_offline(hana)
    await cast.request(sara)
    second = await waited(app, clock, dawit, 40)
    await cast.say(sara, "It is me again.", message_id=3)
    clock.at = local(4, 0, 30)
    await app.serving.go_online(hana)
    await app.transferring.transfer(dawit, second.alias)
    await waited(app, clock, hana, 0)
    await app.closing.end(sara, second.alias)


STORY = [
    Day(
        on=MONDAY,
        topics={"crisis_substance": 1, "mental_emotional": 1},
        crises=1,
        ended=1,
        cancelled=1,
        messages=2,
        conversations=1,
        waits=Waits.of([timedelta(minutes=4)]),
        ratings=1,
        ratings_total=4,
        offered=3,
        accepted=1,
        declined=1,
        lapsed=1,
        counselors=1,
        new_students=2,
    ),
    Day(
        on=date(2026, 3, 3),
        topics={"mental_emotional": 1},
        messages=1,
        conversations=1,
        waits=Waits.of([timedelta(minutes=40)]),
        offered=1,
        accepted=1,
        counselors=1,
    ),
    Day(on=date(2026, 3, 4), ended=1, offered=1, accepted=1, counselors=1),
]


async def days(analytics: Analytics) -> list[Day]:
    """Return all days that are rolled up."""
    return await analytics.days(date(1, 1, 1), date(9999, 12, 31))


async def test_the_figures_are_those_of_the_story(app: App, analytics: Analytics, cast: Cast, clock: SteadyClock) -> None:
    """Each thing counts on the local day on which it happened; a day is counted when it is over, and then never again."""
    await tell_the_story(app, cast, clock)
    first, again = await run_task(app, "aggregate_daily_analytics"), await analytics.roll_up(between=go_on)
    then = await days(analytics)
    clock.at = local(5, 0, 30)
    last = await analytics.roll_up(between=go_on)

    assert STORY[:2] == then
    assert STORY == await days(analytics)
    assert ("Counted 2 finished days", {"days": 2}) == (first.summary, first.counts)
    assert (0, 1) == (again, last)
    assert STORY[1:2] == await analytics.days(date(2026, 3, 3), date(2026, 3, 3))


async def test_days_on_which_nobody_counted(app: App, analytics: Analytics, cast: Cast, clock: SteadyClock) -> None:
    """A bot that was down for a week counts each day by itself, the empty ones too, and can be stopped behind each."""
    await tell_the_story(app, cast, clock)
    clock.at = local(10, 9)
    done: list[int] = []

    async def stop() -> None:
        done.append(len(await days(analytics)))
        if len(done) == 3:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        await analytics.roll_up(between=stop)
    rest = await analytics.roll_up(between=go_on)

    assert ([1, 2, 3], 5) == (done, rest)
    assert [*STORY, *(Day(on=date(2026, 3, day)) for day in range(5, 10))] == await days(analytics)


async def test_a_day_is_not_counted_before_it_has_settled(app: App, analytics: Analytics, cast: Cast, clock: SteadyClock) -> None:
    """What happened in its last second may be committed a moment later; and where nothing ever happened, there is no day."""
    nothing = await analytics.roll_up(between=go_on)
    clock.at = local(2, 23)
    await cast.request(await cast.sara())
    clock.at = local(3, 0, 4)
    early = await analytics.roll_up(between=go_on)
    clock.at = local(3, 0, 5)

    assert (0, 0, 1) == (nothing, early, await analytics.roll_up(between=go_on))


async def test_two_at_once_count_a_day_once(app: App, analytics: Analytics, cast: Cast, clock: SteadyClock) -> None:
    """Who comes second finds the day there, and adds nothing."""
    await tell_the_story(app, cast, clock)
    clock.at = local(5, 9)
    done = await asyncio.gather(*(analytics.roll_up(between=go_on) for _ in range(3)))

    assert 3 == sum(done)
    assert STORY == await days(analytics)


@pytest.mark.parametrize(("month", "day", "hours"), [(3, 29, 23), (10, 25, 25)])
async def test_a_day_on_which_the_clocks_change(  # noqa: PLR0917 — the fixtures, and a day
    app: App, analytics: Analytics, cast: Cast, clock: SteadyClock, month: int, day: int, hours: int
) -> None:
    """It has 23 or 25 hours: what happens in its first and its last minute is of that day, the minutes beside it are not."""
    starts = local(day, 0, month=month)
    ends = starts + timedelta(hours=hours)
    moments = [starts - timedelta(minutes=1), starts, ends - timedelta(minutes=1), ends]
    for number, moment in enumerate(moments):
        clock.at = moment
        await cast.request(await cast.student(1001 + number), "other")
    clock.move(days=2)
    await analytics.roll_up(between=go_on)
    found = await days(analytics)

    assert [1, 2, 1] == [one.requests for one in found]
    assert date(2026, month, day) == found[1].on


async def test_what_is_deleted_keeps_its_figures(app: App, analytics: Analytics, cast: Cast, clock: SteadyClock) -> None:
    """The cleanup counts before it erases, also when nothing else has; and records that are gone were counted."""
    await tell_the_story(app, cast, clock)
    clock.at = local(10, 9)
    await run_task(app, "cleanup")
    erased = await one(app, "SELECT count(*) FROM message")
    for table in ("offer", "session_event", "session"):
        await change(app, f"DELETE FROM {table}")
    await analytics.roll_up(between=go_on)

    assert 0 == erased
    assert STORY == (await days(analytics))[:3]
    async with app.db.reading() as tx:
        so_far = await analytics.so_far(tx)
    assert (3, 2, 1, 3) == (so_far.requests, so_far.ended, so_far.cancelled, so_far.messages)


async def test_what_was_erased_before_it_was_counted(app: App, analytics: Analytics, cast: Cast, clock: SteadyClock) -> None:
    """Its messages are counted on the day of its end: how many there were is known."""
    await tell_the_story(app, cast, clock)
    clock.at = local(10, 9)
    await app.executor.services.erasing.erase_old(batch=100, between=go_on)
    await analytics.roll_up(between=go_on)

    assert [2, 0, 1] == [day.messages for day in await days(analytics)][:3]


async def test_single_days_are_forgotten_and_their_sums_stay(
    app: App, analytics: Analytics, cast: Cast, clock: SteadyClock
) -> None:
    """The last day stays in any case, so that the next one is known."""
    await tell_the_story(app, cast, clock)
    clock.at = local(6, 9)
    await analytics.roll_up(between=go_on)
    async with app.db.reading() as tx:
        before = await analytics.so_far(tx)
    forgotten = await analytics.forget(date(2027, 1, 1), between=go_on)
    async with app.db.reading() as tx:
        after = await analytics.so_far(tx)

    assert 3 == forgotten
    assert [Day(on=date(2026, 3, 5))] == await days(analytics)
    assert before == after
    assert (0, 0) == (await analytics.roll_up(between=go_on), await analytics.forget(MONDAY, between=go_on))


async def test_all_that_was_ever_done(app: App, analytics: Analytics, cast: Cast, clock: SteadyClock) -> None:
    """The sums are the same whether none, some or all of the days are rolled up, and hold what happens at this very moment."""
    sums: list[Figures] = []
    await tell_the_story(app, cast, clock)
    for _ in range(3):
        async with app.db.reading() as tx:
            sums.append(await analytics.so_far(tx))
        await analytics.roll_up(between=go_on)
        clock.move(days=1)

    whole = sums[0]
    assert (3, 2, 1, 3, 2) == (whole.requests, whole.ended, whole.cancelled, whole.messages, whole.started)
    assert (timedelta(minutes=22), 1, 4) == (whole.waits.average, whole.ratings, whole.ratings_total)
    for one_ in sums[1:]:
        assert [one_.requests, one_.messages, one_.started] == [3, 3, 2]


async def test_a_clock_that_was_ahead(app: App, analytics: Analytics, cast: Cast, clock: SteadyClock) -> None:
    """Days that it made too early are counted again when they are over."""
    clock.at = local(2, 9)
    await cast.request(await cast.sara())
    clock.at = local(6, 9)
    await analytics.roll_up(between=go_on)
    clock.at = local(3, 9)
    await cast.request(await cast.student(1002), "other")
    early = await analytics.roll_up(between=go_on)
    clock.at = local(5, 9)

    assert (0, 2) == (early, await analytics.roll_up(between=go_on))
    assert [1, 1, 0] == [day.requests for day in await days(analytics)]


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Niue", "America/Santiago"])
async def test_another_time_zone(app: App, analytics: Analytics, cast: Cast, clock: SteadyClock, zone: str) -> None:
    """Whoever changes ``TIMEZONE`` leaves nothing out, and counts nothing twice: the next day begins where the last one ended."""
    for hour in range(0, 24 * 6, 8):
        clock.at = local(2, 0) + timedelta(hours=hour)
        await cast.request(await cast.student(1001 + hour), "other")
        if hour == 24 * 3:
            clock.move(minutes=10)
            await analytics.roll_up(between=go_on)
    clock.move(days=3)
    moved = Analytics(db=app.db, clock=clock, zone=ZoneInfo(zone))
    await moved.roll_up(between=go_on)
    found = await days(moved)

    assert 18 == sum(day.requests for day in found)
    assert sorted({day.on for day in found}) == [day.on for day in found]


async def test_nothing_but_counts_is_kept(app: App, analytics: Analytics, cast: Cast, clock: SteadyClock) -> None:
    """The names of the figures are ours and the topics'; nobody's id, alias or word is among them."""
    await tell_the_story(app, cast, clock)
    clock.at = local(6, 9)
    await analytics.roll_up(between=go_on)
    names = {row["name"] for row in await rows(app, "SELECT DISTINCT name FROM analytics_figure")}

    assert names == {name for day in STORY for name in day.numbers}


async def test_where_no_day_is_missing_one_statement_tells(
    app: App, analytics: Analytics, cast: Cast, clock: SteadyClock
) -> None:
    """It is asked before each deletion, so it must cost nothing."""
    await tell_the_story(app, cast, clock)
    clock.at = local(6, 9)
    await analytics.roll_up(between=go_on)
    asked: list[str] = []
    counting = Analytics(db=Listening(app.db, asked), clock=clock, zone=analytics.zone)  # type: ignore[arg-type]
    await counting.roll_up(between=go_on)

    assert 1 == len(asked)


@pytest.mark.parametrize("environment", ["sqlite"], indirect=True)
async def test_figures_are_counted_along_indexes(app: App, analytics: Analytics, cast: Cast, clock: SteadyClock) -> None:
    """However many sessions and messages there ever were: what is open, and what happened in the span, is looked at."""
    await tell_the_story(app, cast, clock)
    async with app.db.transaction() as tx:
        recorder = Recorder(tx)
        await analytics.since(recorder, clock() - timedelta(days=1))
        await analytics.has_more(recorder, clock(), than=5)
        walks = {step for step in await recorder.steps() if is_walk(step)}

    # the last day, and lists that are written out in the statement
    assert {"SCAN analytics_day", "SCAN spoken", "SCAN newest"} == walks


class Listening:
    """A database of which it is known how often it is read or written."""

    def __init__(self, db: object, asked: list[str]) -> None:
        self._db, self._asked = db, asked

    def __getattr__(self, name: str) -> Callable[..., Awaitable[object]]:
        """Note that it is used."""
        self._asked.append(name)
        return getattr(self._db, name)


async def run_task(app: App, name: str) -> Result:
    """Run a task as the runner would."""
    task = TASKS[name]
    return await task.run(RunContext(services=app.executor.services), task.parse({}))
