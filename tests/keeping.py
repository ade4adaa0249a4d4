"""One row of each class of data, as it is on the day from which its age counts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from bot.app import App
from bot.domain.ids import PersonId
from bot.domain.people import Actor
from bot.domain.retention import Data
from bot.domain.sessions import Session
from bot.storage import deliveries
from bot.storage.keys import Purpose
from bot.tasks import TASKS
from bot.tasks.base import Result, RunContext
from bot.texts import everyone
from tests.support import Cast, change

_RUN = """
    INSERT INTO run (task, payload, trigger, requested_by, state, concurrency_key, max_attempts, scheduled_for_at, due_at,
                     finished_at, schedule_id)
    VALUES (:task, '{}', 'schedule', 'the clock', :state, :task, 1, :at, :at, :finished_at,
            (SELECT id FROM schedule WHERE name = :schedule))
"""


async def do(app: App, task: str, *, backs_up_first: bool = False, is_dry_run: bool = False, **more: Any) -> Result:
    """Have a task run; by default without a backup, which takes longer than all the rest."""
    payload = {name: more.pop(name) for name in tuple(more) if name == "batch"}
    context = RunContext(services=app.executor.services, is_dry_run=is_dry_run, backs_up_first=backs_up_first, **more)
    return await TASKS[task].run(context, TASKS[task].parse(payload))


async def ended_session(app: App, cast: Cast, telegram_id: int = 1001, *, messages: int = 3, stars: int | None = None) -> Session:
    """Return a session of a student and Dawit that has just ended."""
    student, dawit = await cast.student(telegram_id), await cast.dawit()
    await cast.request(student, description="my trouble")
    (offer,) = await app.matching.match_waiting(limit=10)
    session = await app.offering.accept(dawit, offer.id)
    for number in range(messages):
        await cast.say(student, f"message {number}", message_id=number)
    session = await app.closing.end(student, session.alias)
    if stars is not None:
        await change(app, "UPDATE session SET rating = :stars WHERE id = :id", stars=stars, id=session.id)
    await settle(app)
    return session


async def settle(app: App) -> int:
    """Have all that is owed delivered."""
    return await change(
        app,
        "UPDATE delivery SET state = 'done', payload = NULL, settled_at = :at, message_id = id WHERE state = 'waiting'",
        at=app.clock(),
    )


async def delivered(app: App, to: Actor) -> int:
    """Return a delivery that was made."""
    async with app.db.transaction() as tx:
        number = await app.outbox.say(tx, everyone.TEAM, to=to.me, at=app.clock())
        await deliveries.succeed(tx, number, message_id=1, at=app.clock())
    return number


async def ran(app: App, task: str = "match", *, state: str = "succeeded", schedule: str = "") -> None:
    """Keep a run that has just ended, or is not over."""
    is_over = state in {"succeeded", "failed", "missed", "cancelled"}
    finished_at = app.clock() if is_over else None
    await change(app, _RUN, task=task, state=state, at=app.clock(), finished_at=finished_at, schedule=schedule)


async def handled(app: App, number: int = 1, *, state: str = "done") -> None:
    """Keep an update that was handled, or is open."""
    await change(
        app,
        """
        INSERT INTO "update" (update_id, payload, state, due_at, received_at, handled_at)
        VALUES (:id, :payload, :state, :at, :at, :at)
        """,
        id=number,
        payload=None if state == "done" else b"sealed",
        state=state,
        at=app.clock(),
    )


async def schedule(app: App, name: str, task: str, *, is_deleted: bool = True) -> None:
    """Keep a schedule that was deleted just now, or was not."""
    await change(
        app,
        """
        INSERT INTO schedule (name, task, kind, spec, zone, payload, max_retries, catch_up, pause_after, is_enabled,
                              is_from_environment, created_at, updated_at, deleted_at)
        VALUES (:name, :task, 'interval', '1h', 'UTC', '{}', 3, 'latest', 0, :no, :no, :at, :at, :deleted_at)
        """,
        name=name,
        task=task,
        no=False,
        at=app.clock(),
        deleted_at=app.clock() if is_deleted else None,
    )


async def dialog(app: App, person_id: PersonId, step: str) -> None:
    """Leave a form at a step."""
    async with app.db.transaction() as tx:
        await app.dialogs.turn_to(tx, person_id, step, {"description": "my trouble"}, at=app.clock())


async def _person(app: App, cast: Cast) -> None:
    await app.people.identify(1001)


async def _delivery(app: App, cast: Cast) -> None:
    await delivered(app, await cast.sara())


async def _update(app: App, cast: Cast) -> None:
    await handled(app)


async def _run(app: App, cast: Cast) -> None:
    await ran(app)
    await ran(app)


async def _application(app: App, cast: Cast) -> None:
    await cast.applicant(1001, "Marta")


async def _rejection(app: App, cast: Cast) -> None:
    await cast.applicant(1001, "Marta")
    await change(app, "UPDATE counselor SET status = 'rejected', reviewed_at = :at", at=app.clock())


async def _counselor(app: App, cast: Cast) -> None:
    await cast.dawit()
    await change(app, "UPDATE counselor SET status = 'deactivated', is_online = :no, deleted_at = :at", no=False, at=app.clock())
    await settle(app)


async def _schedule(app: App, cast: Cast) -> None:
    await schedule(app, "match", "match", is_deleted=False)
    await schedule(app, "nightly", "match")


async def _question(app: App, cast: Cast) -> None:
    await dialog(app, (await cast.sara()).me, "rating.comment")


async def _form(app: App, cast: Cast) -> None:
    await dialog(app, (await cast.sara()).me, "request.description")


async def _key(app: App, cast: Cast) -> None:
    async with app.db.transaction() as tx:
        await app.vault.make(tx, Purpose.SESSION, at=app.clock())


async def _session(app: App, cast: Cast) -> None:
    await ended_session(app, cast)


#: What makes one row of a class that is as young as it can be.
ROW: dict[Data, Callable[[App, Cast], Awaitable[None]]] = {
    Data.SESSIONS: _session,
    Data.PEOPLE: _person,
    Data.UPDATES: _update,
    Data.DELIVERIES: _delivery,
    Data.RUNS: _run,
    Data.APPLICATIONS: _application,
    Data.REJECTIONS: _rejection,
    Data.COUNSELORS: _counselor,
    Data.SCHEDULES: _schedule,
    Data.QUESTIONS: _question,
    Data.FORMS: _form,
    Data.KEYS: _key,
}
