"""What is the admins' is done by nobody else: every service method, command, button and form, found in the code itself."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import fields
from typing import Any

import pytest
from telegram import Update

from bot import lifecycle
from bot.app import App
from bot.domain.errors import BotError, NotAllowed
from bot.domain.people import Actor, Gender
from bot.domain.sessions import Session
from bot.scheduler.drafts import Draft
from bot.scheduler.questions import Question
from bot.services.administration import Administration
from bot.services.enrolling import Volunteer
from bot.storage.database import Row
from bot.storage.runs import Trigger
from bot.storage.session_pages import Shown
from bot.telegram import callbacks, routes
from bot.telegram.callbacks import Press
from bot.telegram.context import Call, Handler
from tests.support import Cast, rows

TABLES = (
    *("person", "counselor", "counselor_topic", "session", "session_event", "offer", "message", "delivery"),
    *("dialog", "run", "schedule", "audit"),
)
OTHERS = ("stranger", "student", "applicant", "counselor", "dismissed admin", "deactivated counselor")

Method = Callable[..., Coroutine[Any, Any, object]]


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    """An admin."""
    return {**environment, "ADMIN_IDS": "9001"}


def services(app: App) -> Iterator[object]:
    """Yield every service, those of the admins too."""
    for one in fields(app):
        service = getattr(app, one.name)
        yield service
        if isinstance(service, Administration):
            yield from (getattr(service, part.name) for part in fields(service))


def asking(service: object) -> dict[str, Method]:
    """Return the public methods of a service that take an actor."""
    found = inspect.getmembers(type(service), inspect.isfunction)
    return {
        f"{type(service).__name__}.{name}": getattr(service, name)
        for name, function in found
        if not name.startswith("_") and "actor" in inspect.signature(function).parameters
    }


def asks_for_admins(method: Method) -> bool:
    """Return whether a method asks whether the actor is an admin: itself, or in a private one that it calls."""
    source = inspect.getsource(method)
    owner = method.__self__  # pyright: ignore[reportFunctionMemberAccess]
    called = [getattr(owner, name) for name in re.findall(r"self\.(_\w+)\(", source)]
    return any(is_asked_in(one) for one in (source, *(inspect.getsource(one) for one in called if inspect.ismethod(one))))


def is_asked_in(source: str) -> bool:
    """Return whether this code asks for an admin, or for an admin or the operator."""
    return "require(Role.ADMIN" in source or "require(*_STAFF)" in source


def of_admins(app: App) -> dict[str, Method]:
    """Return every service method that only admins may call."""
    return {
        name: method
        for service in services(app)
        if type(service).__module__.startswith(("bot.services", "bot.scheduler"))
        for name, method in asking(service).items()
        if asks_for_admins(method) or "Role.OPERATOR, Role.ADMIN" in inspect.getsource(method)
    }


def arguments(method: Method, session: Session, somebody: Actor) -> dict[str, Any]:
    """Return something for each parameter of a method but the actor."""
    volunteer = Volunteer(telegram_id=5, name="Abel", topics=["other"], gender=Gender.ANONYMOUS)
    by_type = {"str": session.alias, "int": 1, "Shown": Shown.ALL, "PersonId": somebody.me, "CounselorId": somebody.me}
    by_type |= {"Volunteer": volunteer, "int | None": None, "Transaction": None, "bool": False, "datetime": session.requested_at}
    by_type |= {"str | None": "backup", "RunId": 1, "RunId | None": None, "ScheduleId": 1, "Trigger": Trigger.MANUAL}
    by_type |= {"Draft": Draft(name="x", task="x", when="x"), "Question": Question.NAME, "Question | None": None}
    given = inspect.signature(method).parameters
    return {name: by_type[one.annotation] for name, one in given.items() if name != "actor"}


async def everything(app: App) -> dict[str, list[Row]]:
    """Return all that is in the database."""
    return {table: await rows(app, f"SELECT * FROM {table} ORDER BY 1, 2") for table in TABLES}


@pytest.fixture
async def session(app: App, cast: Cast) -> Session:
    """A session that waits, a counselor and an applicant, so that there is something to do."""
    await app.reconciling.reconcile({})
    return await cast.request(await cast.student(1900))


async def person(app: App, cast: Cast, role: str) -> Actor:
    """Return somebody who is no admin, any more."""
    lensa = await app.people.identify(9001)
    if role == "student":
        return await cast.student(5001)
    if role == "applicant":
        return await cast.applicant(5001, "Abel")
    if role in {"counselor", "deactivated counselor"}:
        counselor = await cast.counselor(5001, "Abel")
        if role == "deactivated counselor":
            await app.admin.moderating.deactivate(lensa, counselor.me)
    elif role == "dismissed admin":
        appointed = await app.people.identify(5001)
        await app.admin.appointing.appoint(lensa, appointed.me)
        await app.admin.appointing.dismiss(lensa, appointed.me)
    return await app.people.identify(5001)


async def test_each_method_of_the_admins_services_asks(app: App) -> None:
    """Whoever adds one cannot forget it."""
    own = {name for part in (*_parts(app.admin), app.control, app.composing) for name in asking(part)}

    assert len(own) > 25
    assert set() == own - of_admins(app).keys()
    assert {"Closing.force_end", "Enrolling.add_counselor", "Health.check"} <= of_admins(app).keys()


def _parts(admin: Administration) -> list[object]:
    return [getattr(admin, one.name) for one in fields(admin)]


@pytest.mark.parametrize("role", OTHERS)
async def test_nobody_else_may_call_a_service_of_the_admins(app: App, cast: Cast, session: Session, role: str) -> None:
    """Each method refuses everybody else before it looks at anything, and changes nothing."""
    target, actor = await cast.applicant(5900, "Hana"), await person(app, cast, role)
    before = await everything(app)
    for name, method in of_admins(app).items():
        with pytest.raises(NotAllowed):
            await method(actor=actor, **arguments(method, session, target))

        assert before == await everything(app), name


def is_of_admins(handler: Handler | object) -> bool:
    """Return whether a handler stands in a module of the admins."""
    return getattr(handler, "__module__", "").startswith(("bot.telegram.handlers.admin", "bot.telegram.handlers.health"))


def test_the_names_say_whose_an_action_is() -> None:
    """Each action and each form of the admins begins with *admin*, and no other does."""
    for table in (routes.ACTIONS, routes.FORMS):
        assert {name for name in table if name.split(".")[0] == "admin"} == {
            name for name, handler in table.items() if is_of_admins(handler)
        }


def call_of(app: App, actor: Actor, tx: Any, *, data: str | None = None, text: str = "") -> Call:
    """Return a press or a message of somebody, as a handler gets it."""
    user = {"id": 5001, "is_bot": False, "first_name": "X"}
    message = {"message_id": 7, "date": 1_700_000_000, "chat": {"id": 5001, "type": "private"}, "text": text or "-"}
    body: dict[str, Any] = {"message": {**message, "from": user}}
    if data is not None:
        body = {"callback_query": {"id": "1", "from": user, "chat_instance": "1", "data": data, "message": message}}
    update = Update.de_json({"update_id": 1, **body}, None)
    return Call(update=update, actor=actor, tx=tx, at=app.clock(), services=lifecycle._services(app))


async def refusal_of(app: App, actor: Actor, handler: Callable[[Call], Any], **what: Any) -> type[BotError] | None:
    """Return how a handler refuses; None where it does not."""
    try:
        async with app.db.transaction() as tx:
            await handler(call_of(app, actor, tx, **what))
    except BotError as refusal:
        return type(refusal)
    return None


@pytest.mark.parametrize("role", OTHERS)
async def test_nobody_else_may_press_a_button_of_the_admins(app: App, cast: Cast, session: Session, role: str) -> None:
    """Not even a genuine one, of the time when they were an admin: whatever it is about, it is refused, and changes nothing."""
    target, actor = await cast.applicant(5900, "Hana"), await person(app, cast, role)
    references = ("", "1", str(target.me), session.alias, f"{session.alias}.{target.me}", "waiting.1", "task.0.1")
    before = await everything(app)
    for action in (name for name, handler in routes.ACTIONS.items() if is_of_admins(handler)):
        presses = [callbacks.write(app.vault, Press(action, reference), actor.me) for reference in references]
        refusals = [await refusal_of(app, actor, routes.press, data=data) for data in presses]

        assert None not in refusals, action
        assert NotAllowed in refusals, action
        assert before == await everything(app), action


@pytest.mark.parametrize("role", OTHERS)
async def test_nobody_else_may_write_a_command_or_a_form_of_the_admins(app: App, cast: Cast, session: Session, role: str) -> None:
    """Neither the commands, nor what is left of a form in which they were as an admin."""
    target, actor = await cast.applicant(5900, "Hana"), await person(app, cast, role)
    for name, handler in routes.COMMANDS.items():
        if is_of_admins(handler):
            before = await everything(app)

            assert NotAllowed is await refusal_of(app, actor, handler, text=f"/{name}"), name
            assert before == await everything(app), name
    for step, form in routes.FORMS.items():
        if is_of_admins(form):
            async with app.db.transaction() as tx:
                await app.dialogs.turn_to(tx, actor.me, step, {"person_id": target.me}, at=app.clock())
            before = await everything(app)

            assert NotAllowed is await refusal_of(app, actor, routes.message, text="1001"), step
            assert before == await everything(app), step


async def test_an_admin_may(app: App, cast: Cast, session: Session) -> None:
    """The same presses by an admin are not refused for who they are: the test above refuses for no other reason."""
    target, lensa = await cast.applicant(5900, "Hana"), await app.people.identify(9001)
    references = ("", "1", str(target.me), session.alias, f"{session.alias}.{target.me}", "waiting.1", "task.0.1")
    for action in (name for name, handler in routes.ACTIONS.items() if is_of_admins(handler)):
        presses = [callbacks.write(app.vault, Press(action, reference), lensa.me) for reference in references]

        assert NotAllowed not in [await refusal_of(app, lensa, routes.press, data=data) for data in presses], action
