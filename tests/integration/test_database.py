"""The seam: what a transaction is, who goes first, who is woken, and that values come back as they were."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from bot import app as root
from bot.app import App
from bot.domain.errors import Conflict
from bot.domain.people import Gender
from bot.settings import Settings
from bot.storage import counselors, leases, people
from bot.storage.database import Channel, Transaction, Turn, UniqueViolation
from bot.storage.keys import Purpose
from bot.storage.turns import Line
from tests.support import Cast, SteadyClock, one, rows, wait_until

AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
only_sqlite = pytest.mark.parametrize("environment", ["sqlite"], indirect=True)


async def put(tx: Transaction, name: str) -> None:
    """Write a row."""
    await leases.take(tx, name, "test", at=AT, expires_at=AT)


async def names(app: App) -> set[str]:
    """Return which rows of ``put`` are committed."""
    return {row["name"] for row in await rows(app, "SELECT name FROM lease")}


async def test_a_transaction_is_there_when_its_block_has_ended(app: App) -> None:
    """Until then nobody else sees it."""
    async with app.db.transaction() as tx:
        await put(tx, "a")
        before = await asyncio.create_task(names(app))

    assert (set(), {"a"}) == (before, await names(app))


async def test_an_exception_undoes_all(app: App) -> None:
    """Nothing of a block that failed is left, and the next transaction goes on as if it had not been."""
    with pytest.raises(Conflict):
        async with app.db.transaction() as tx:
            await put(tx, "a")
            raise Conflict("no")
    async with app.db.transaction() as tx:
        await put(tx, "b")

    assert {"b"} == await names(app)


async def test_inside_one_a_transaction_is_a_savepoint(app: App) -> None:
    """A refusal undoes what was done in its own block, and the rest is committed."""
    async with app.db.transaction() as tx:
        await put(tx, "before")
        with pytest.raises(Conflict):
            async with app.db.transaction() as inner:
                await put(inner, "refused")
                raise Conflict("no")
        await put(tx, "after")

    assert {"before", "after"} == await names(app)


async def test_a_statement_that_fails_spoils_only_its_savepoint(app: App) -> None:
    """PostgreSQL would refuse everything that follows in the transaction; behind a savepoint it goes on."""
    insert: Any = "INSERT INTO lease (name, owner, expires_at) VALUES ('a', 'test', :at)"
    async with app.db.transaction() as tx:
        await tx.execute(insert, at=AT)
        with pytest.raises(UniqueViolation):
            async with app.db.transaction() as inner:
                await put(inner, "b")
                await inner.execute(insert, at=AT)
        await put(tx, "c")

    assert {"a", "c"} == await names(app)


Program = list[Any]  #: names that are written, "read", and levels: (program, whether it fails at its end)
_PROGRAMS = st.recursive(
    st.lists(st.sampled_from(["write", "read"]), max_size=3),
    lambda inner: st.lists(st.one_of(st.sampled_from(["write", "read"]), st.tuples(inner, st.booleans())), max_size=4),
    max_leaves=8,
)


async def carry_out(app: App, tx: Transaction, program: Program, prefix: str) -> set[str]:
    """Carry a program out; return what must be there in the end."""
    written = set[str]()
    for number, step in enumerate(program):
        name = f"{prefix}.{number}"
        if step == "write":
            await put(tx, name)
            written.add(name)
        elif step == "read":
            await tx.fetch_all("SELECT name FROM lease")
        else:
            written |= await carry_out_level(app, step, name)
    return written


async def carry_out_level(app: App, level: tuple[Program, bool], prefix: str) -> set[str]:
    """Carry a program out in a savepoint of its own, which may fail at the end."""
    program, fails = level
    try:
        async with app.db.transaction() as inner:
            written = await carry_out(app, inner, program, prefix)
            if fails:
                raise Conflict("no")  # noqa: TRY301 - what a refusal is
    except Conflict:
        return set()
    return written


@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(program=_PROGRAMS)
async def test_savepoints_in_savepoints(app: App, program: Program) -> None:
    """However blocks lie in each other, with and without statements between them: exactly what failed is undone."""
    async with app.db.transaction() as tx:
        await tx.execute("DELETE FROM lease")
        expected = await carry_out(app, tx, program, "x")

    assert expected == await names(app)


async def test_reading_beside_ones_own_transaction_raises_at_once(app: App) -> None:
    """It would not see what the transaction wrote, or wait for it for ever."""
    async with app.db.transaction():
        with pytest.raises(RuntimeError, match="read through it"):
            async with app.db.reading():
                pass


async def test_a_task_that_is_started_inside_has_no_transaction(app: App) -> None:
    """What a child does is its own: it is not undone with its parent."""
    go_on = asyncio.Event()

    async def child() -> None:
        await go_on.wait()
        async with app.db.transaction() as tx:
            await put(tx, "child")

    with pytest.raises(Conflict):
        async with app.db.transaction() as tx:
            await put(tx, "parent")
            started = asyncio.create_task(child())
            raise Conflict("no")
    go_on.set()
    await started

    assert {"child"} == await names(app)


async def test_a_transaction_that_is_cancelled_leaves_nothing(app: App) -> None:
    """Neither a row nor a lock: the next one comes through."""
    written = asyncio.Event()

    async def hang() -> None:
        async with app.db.transaction() as tx:
            await put(tx, "cancelled")
            async with app.db.transaction() as inner:
                await put(inner, "cancelled too")
                written.set()
                await asyncio.Event().wait()

    hanging = asyncio.create_task(hang())
    await written.wait()
    hanging.cancel()
    await asyncio.wait({hanging})
    async with app.db.transaction() as tx:
        await put(tx, "next")

    assert {"next"} == await names(app)


async def test_cancelled_at_any_moment_it_is_whole_or_not_there(app: App) -> None:
    """Wherever the cancellation strikes, waiting, at BEGIN, between two statements, at COMMIT: both rows or none."""

    async def both(number: int) -> None:
        async with app.db.transaction() as tx:
            await put(tx, f"{number}.first")
            async with app.db.transaction() as inner:
                await put(inner, f"{number}.second")

    chance = random.Random(7)
    done = set[int]()
    for number in range(120):
        running = [asyncio.create_task(both(2 * number)), asyncio.create_task(both(2 * number + 1))]
        await asyncio.wait(running, timeout=chance.random() * 0.004)
        for one_of_them in running:
            one_of_them.cancel()
        await asyncio.wait(running)
        done |= {2 * number + at for at in (0, 1) if not running[at].cancelled()}
    found = await names(app)
    halves = [name.split(".")[0] for name in found]

    assert [] == [number for number in halves if halves.count(number) != 2]
    assert {str(number) for number in done} <= set(halves)


async def test_the_most_urgent_writer_is_next() -> None:
    """A conversation goes before maintenance that asked first; among equals the first one goes."""
    queue, order = Line(places=1), list[str]()

    async def write(name: str, turn: Turn) -> None:
        await queue.acquire(turn)
        order.append(name)
        queue.release()

    await queue.acquire(Turn.MAINTENANCE)
    async with asyncio.TaskGroup() as group:
        for name, turn in [("m1", 1), ("c1", 0), ("m2", 1), ("c2", 0)]:
            group.create_task(write(name, Turn(turn)))
        await asyncio.sleep(0)
        queue.release()

    assert ["c1", "c2", "m1", "m2"] == order


async def test_a_writer_that_gives_up_holds_nobody_up() -> None:
    """Neither while it waits nor in the moment in which the lock has become its own."""
    queue = Line(places=1)
    await queue.acquire(Turn.CONVERSATION)
    waiting = [asyncio.create_task(queue.acquire(Turn.CONVERSATION)) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    queue.release()  # the second one's from now on
    waiting[1].cancel()
    await asyncio.wait(waiting)

    assert [True, True, False] == [one_of_them.cancelled() for one_of_them in waiting]


async def test_nobody_is_woken_before_the_commit(app: App) -> None:
    """Who is woken finds what they were woken for."""
    heard = app.db.subscribe(Channel.RUN)
    async with app.db.transaction() as tx:
        tx.notify(Channel.RUN)
        heard.clear()  # the listener of PostgreSQL wakes everybody once, when it is connected
        await put(tx, "a")
        before = heard.is_set()

    assert [False, True] == [before, heard.is_set()]


async def test_what_is_undone_wakes_nobody(app: App) -> None:
    """A transaction that failed has no news."""
    heard = app.db.subscribe(Channel.RUN)
    woken = list[bool]()
    for _ in range(2):  # see above: once it may be the listener
        heard.clear()
        with pytest.raises(Conflict):
            async with app.db.transaction() as tx:
                await put(tx, "a")
                tx.notify(Channel.RUN)
                raise Conflict("no")
        woken.append(heard.is_set())

    assert not all(woken)


async def test_only_who_waits_for_it_is_woken(app: App) -> None:
    """News of one kind is not news of another."""
    others = app.db.subscribe(Channel.DELIVERY, Channel.CLOCK, Channel.UPDATE)
    woken = list[bool]()
    for _ in range(2):  # see above
        others.clear()
        async with app.db.transaction() as tx:
            tx.notify(Channel.RUN)
        woken.append(others.is_set())

    assert not all(woken)


async def test_another_process_is_woken(app: App, settings: Settings, clock: SteadyClock) -> None:
    """What one writes the other hears of, without asking for it: by NOTIFY, and on SQLite by its data version."""
    async with root.opened(settings, kind="cli", is_guest=True, clock=clock) as other:
        heard = other.db.subscribe(Channel.DELIVERY)
        for name in ("first", "second"):  # see above
            heard.clear()
            async with app.db.transaction() as tx:
                await put(tx, name)
                tx.notify(Channel.DELIVERY)
            await wait_until(heard.is_set, "the other process hears of it")

        assert {"first", "second"} == await names(other)


async def test_two_processes_write_beside_each_other(app: App, settings: Settings, clock: SteadyClock) -> None:
    """A command that writes beside the bot waits its turn, and nothing of either is lost."""

    async def write(which: App, prefix: str) -> None:
        for number in range(25):
            async with which.db.transaction() as tx:
                await put(tx, f"{prefix}{number}")

    async with root.opened(settings, kind="cli", is_guest=True, clock=clock) as other:
        await asyncio.gather(write(app, "a"), write(other, "b"), write(app, "c"))

    assert 75 == len(await names(app))


@hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    instant=st.datetimes(
        min_value=datetime(1970, 1, 2),  # noqa: DTZ001 - the zone comes beside it
        max_value=datetime(2200, 1, 1),  # noqa: DTZ001 - the zone comes beside it
        timezones=st.integers(-12 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
    ),
    blob=st.binary(max_size=300),
    truth=st.booleans(),
    text=st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=50),
)
async def test_values_come_back_as_they_were(app: App, instant: datetime, blob: bytes, truth: bool, text: str) -> None:
    """Instants to the microsecond and in UTC, whatever zone they were given in; truth as truth; bytes and text as they are."""
    async with app.db.transaction() as tx:
        await tx.execute("DELETE FROM lease")
        await leases.take(tx, text, "test", at=AT, expires_at=instant)
        person = await people.add(tx, telegram_hash=b"hash" + blob, telegram_id=blob, key_id=await key(app, tx), at=instant)
        await people.set_reachable(tx, person.id, is_reachable=True)
        await people.set_reachable(tx, person.id, is_reachable=truth)
        found = await people.find(tx, person.id)
        (lease,) = await tx.fetch_all("SELECT * FROM lease")
        await tx.execute("DELETE FROM person")

    assert found is not None
    assert (instant, timedelta(0), text) == (lease["expires_at"], lease["expires_at"].utcoffset(), lease["name"])
    assert (blob, truth) == (found.telegram_id, found.is_reachable)


async def key(app: App, tx: Transaction) -> Any:
    """Return a key."""
    return await app.vault.make(tx, Purpose.PERSON, at=AT)


async def test_what_is_absent_comes_back_as_none(app: App, cast: Cast) -> None:
    """Also where the column's name says that it is an instant."""
    sara = await cast.sara()
    await cast.request(sara)

    assert await one(app, "SELECT ended_at FROM session") is None


async def test_the_database_itself_guards_the_rules(app: App, cast: Cast) -> None:
    """One open session for each student; no counselor without a person."""
    sara = await cast.sara()
    session = await cast.request(sara)
    copy: Any = """
        INSERT INTO session (alias, student_id, state, topic, priority, student_gender, key_id, requested_at)
        SELECT 'COPY', student_id, 'waiting', topic, priority, student_gender, key_id, requested_at FROM session WHERE id = :id
    """
    with pytest.raises(UniqueViolation):
        async with app.db.transaction() as tx:
            await tx.execute(copy, id=session.id)
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        async with app.db.transaction() as tx:
            await counselors.put(tx, sara.me + 1000, name=b"x", gender=Gender.MALE, at=AT)  # type: ignore[arg-type]

    assert 1 == await one(app, "SELECT count(*) AS number FROM session")


@only_sqlite
@pytest.mark.parametrize(
    ("pragma", "expected"),
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("secure_delete", 1), ("auto_vacuum", 2)],
)
async def test_the_settings_of_sqlite_are_in_force(app: App, pragma: str, expected: object) -> None:
    """On the connection that writes: nothing is lost at a power cut, nothing dangles, nothing deleted stays legible."""
    statement: Any = f"PRAGMA {pragma}"
    async with app.db.transaction() as tx:
        row = await tx.fetch_one(statement)

    assert row is not None
    assert [expected] == list(row.values())


@only_sqlite
async def test_a_guest_does_not_checkpoint(app: App, settings: Settings) -> None:
    """Two processes that checkpoint the same file can corrupt it (SQLite before 3.51.3)."""
    async with root.opened(settings, kind="cli", is_guest=True) as guest, guest.db.transaction() as tx:
        row = await tx.fetch_one("PRAGMA wal_autocheckpoint")

    assert row is not None
    assert [0] == list(row.values())


@only_sqlite
async def test_the_reading_connection_cannot_write(app: App) -> None:
    """A SELECT that turns out to be none is refused."""
    with pytest.raises(Exception, match="readonly"):
        async with app.db.reading() as tx:
            await tx.execute("DELETE FROM lease")
