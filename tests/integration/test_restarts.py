"""What runs when, whatever becomes of the process and the clock of the machine: counts of runs, and the longest gaps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from bot.app import App
from bot.domain.schedules import Cron, Interval, Once, When
from bot.scheduler import execution
from bot.storage.schedules import CatchUp
from tests.made_up import ALONE, Life, MadeUp
from tests.support import SteadyClock, rows

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NIGHTLY, HOURLY = Cron("0 3 * * *", "UTC"), Cron("0 * * * *", "UTC")
EACH_KIND = pytest.mark.parametrize("when", [Interval(DAY), NIGHTLY], ids=["interval", "cron"])


@pytest.fixture
def clock() -> SteadyClock:
    """A clock that stands at midnight."""
    return SteadyClock(at=datetime(2026, 3, 2, tzinfo=UTC))


@pytest.fixture
def life(app: App, clock: SteadyClock, made_up: MadeUp, monkeypatch: pytest.MonkeyPatch) -> Life:
    """A machine with a task."""
    monkeypatch.setattr(execution, "LEASE", ALONE)  # so often the clock looks at least
    made_up.task("work")
    return Life(app, clock)


async def history(app: App) -> list[tuple[str, str, int]]:
    """Return trigger, state and number of missed occurrences of each run."""
    return [
        (row["trigger"], row["state"], row["missed"])
        for row in await rows(app, "SELECT trigger, state, missed FROM run ORDER BY id")
    ]


@EACH_KIND
async def test_restarts_move_nothing(life: Life, made_up: MadeUp, when: When) -> None:
    """A host that restarts the bot every seven hours: each day one run, a day apart, none for a start."""
    await made_up.schedule("work", when)
    for _ in range(14):
        await life.up(hours=6, minutes=59, seconds=50)
        life.down(seconds=10)
    first = DAY if when == Interval(DAY) else 3 * HOUR

    assert [first + number * DAY for number in range(len(life.begun))] == life.begun
    assert (life.passed - first) // DAY + 1 == len(life.begun)


@EACH_KIND
async def test_down_when_it_was_due(app: App, life: Life, made_up: MadeUp, when: When) -> None:
    """It runs as soon as the bot is back, and on its own time again afterwards: no day without a run."""
    schedule = await made_up.schedule("work", when)
    assert schedule.next_run_at is not None
    before = schedule.next_run_at - app.clock() - HOUR
    for _ in range(5):
        await life.up(hours=before / HOUR)
        life.down(hours=5)
        await life.up(hours=24 - 5 - before / HOUR)

    assert [before + 5 * HOUR + number * DAY for number in range(5)] == life.begun
    assert {("catch-up", "succeeded", 0)} == set(await history(app))


@pytest.mark.parametrize(("when", "missed"), [(Interval(HOUR), 49), (HOURLY, 49), (Interval(DAY), 1), (NIGHTLY, 1)])
async def test_down_for_long(app: App, life: Life, made_up: MadeUp, when: When, missed: int) -> None:
    """One run makes up for all that were missed, and the grid is kept."""
    schedule = await made_up.schedule("work", when)
    due_at = schedule.next_run_at
    assert due_at is not None
    life.down(hours=50, minutes=30)
    await life.up(minutes=20)
    after = await made_up.found("work")
    assert after.next_run_at is not None

    assert [("catch-up", "succeeded", missed)] == await history(app)
    assert timedelta(0) == (after.next_run_at - due_at) % (HOUR if missed > 1 else DAY)


@pytest.mark.parametrize("when", [Interval(HOUR), HOURLY], ids=["interval", "cron"])
async def test_nothing_is_caught_up_on_where_that_is_not_wanted(app: App, life: Life, made_up: MadeUp, when: When) -> None:
    """What was missed stands in the history as one row with its number, and the next one comes in its time."""
    await made_up.schedule("work", when, catch_up=CatchUp.NONE)
    life.down(hours=50, minutes=30)
    await life.up(hours=1)

    assert [("catch-up", "missed", 49), ("schedule", "succeeded", 0)] == await history(app)
    assert [51 * HOUR] == life.begun


@pytest.mark.parametrize(("catch_up", "begun"), [(CatchUp.LATEST, [5 * HOUR]), (CatchUp.NONE, [])])
async def test_once(app: App, life: Life, made_up: MadeUp, catch_up: CatchUp, begun: list[timedelta]) -> None:
    """A time that passed while the bot was down is made up for once, or noted as missed; and never comes again."""
    await made_up.schedule("work", Once(app.clock() + 3 * HOUR), catch_up=catch_up)
    await life.up(hours=2)
    life.down(hours=3)
    for _ in range(3):
        await life.up(hours=30)

    assert begun == life.begun
    assert [("catch-up", "succeeded" if begun else "missed", 0)] == await history(app)
    assert (await made_up.found("work")).next_run_at is None


@EACH_KIND
async def test_a_crash_loop(app: App, life: Life, made_up: MadeUp, when: When) -> None:
    """A task that kills the process is begun as often as it may be, however often the bot is started; then it rests."""
    await made_up.schedule("work", when, max_retries=3)
    life.down(hours=25)
    for _ in range(60):
        await life.up(finishes=False, seconds=50)
        life.down(seconds=10)

    assert 4 == len(life.begun)
    assert [("catch-up", "failed", 0)] == await history(app)


async def test_a_crash_loop_without_a_run(life: Life, made_up: MadeUp) -> None:
    """The bot dies of something else, sixty times in an hour: a run a day stays a run a day."""
    await made_up.schedule("work", Interval(DAY), first=life.wall())
    for _ in range(60):
        await life.up(seconds=20)
        life.down(seconds=40)

    assert [timedelta(0)] == life.begun


@pytest.mark.parametrize("back", [HOUR, DAY], ids=["an hour", "a day"])
@pytest.mark.parametrize("is_up", [True, False], ids=["while it runs", "while it is down"])
async def test_set_back_with_an_interval(life: Life, made_up: MadeUp, back: timedelta, is_up: bool) -> None:
    """The clock of the machine is set back: the next run comes one interval later at most."""
    await made_up.schedule("work", Interval(6 * HOUR))
    await life.up(hours=20)
    if is_up:
        await set_while_it_lives(life, -back)
    else:
        life.set_clock(hours=-back / HOUR)
    await life.up(days=2)

    assert max(life.gaps) <= 6 * HOUR + min(back, 6 * HOUR)
    assert len(life.begun) >= 10


async def set_while_it_lives(life: Life, by: timedelta) -> None:
    """Set the clock in the middle of a bot's life; it notices when it looks next."""
    before = life.wall.at
    clock = life._clock(life.app.executor)
    await clock.tick()
    life.wall.at = before + by
    await clock.tick()


@pytest.mark.parametrize(("when", "back"), [(HOURLY, HOUR), (HOURLY, DAY), (NIGHTLY, HOUR), (NIGHTLY, DAY)])
async def test_set_back_with_a_cron_line(app: App, life: Life, made_up: MadeUp, when: When, back: timedelta) -> None:
    """A time that comes a second time is not run a second time, and is not missed either; after it all goes on as before."""
    await made_up.schedule("work", when)
    await life.up(hours=27, minutes=30)
    before = len(life.begun)
    await set_while_it_lives(life, -back)
    await life.up(hours=back / HOUR - 0.75)
    meanwhile = len(life.begun) - before
    await life.up(hours=30)
    occurrences = [row["scheduled_for_at"] for row in await rows(app, "SELECT scheduled_for_at FROM run ORDER BY id")]

    assert 0 == meanwhile
    assert {("schedule", "succeeded", 0)} == set(await history(app))
    assert len(occurrences) == len(set(occurrences))
    assert {HOUR if when == HOURLY else DAY} == {later - earlier for earlier, later in pairwise(occurrences)}


@pytest.mark.parametrize("ahead", [HOUR, DAY], ids=["an hour", "a day"])
@pytest.mark.parametrize("when", [Interval(HOUR), HOURLY], ids=["interval", "cron"])
async def test_set_ahead(app: App, life: Life, made_up: MadeUp, when: When, ahead: timedelta) -> None:
    """What lies in the time that was left out is made up for by one run, at once."""
    await made_up.schedule("work", when)
    await life.up(hours=10, minutes=30)
    await set_while_it_lives(life, ahead)
    await life.up(hours=10)

    assert max(life.gaps) == HOUR
    assert 1 == len([missed for trigger, _, missed in await history(app) if trigger == "catch-up" and missed == ahead / HOUR - 1])


async def test_there_and_back(app: App, life: Life, made_up: MadeUp) -> None:
    """A clock that was wrong for a while, years ahead: when it is right again nothing waits for those years."""
    for name, when in (("interval", Interval(HOUR)), ("cron", HOURLY)):
        await made_up.schedule(name, when, task="work")
    await life.up(hours=5)
    life.set_clock(days=5 * 365)
    await life.up(minutes=90)
    life.set_clock(days=-5 * 365)
    await life.up(hours=5)

    assert max(life.gaps) <= HOUR
