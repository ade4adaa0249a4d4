"""Who becomes an admin and who is one no longer; those of ADMIN_IDS stay."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot.app import App
from bot.domain.errors import Conflict, InvalidInput, NotAllowed, NotFound
from bot.domain.ids import PersonId
from bot.domain.people import OPERATOR, Actor, Role
from bot.domain.sessions import Session
from bot.domain.text import Text
from bot.services.appointing import Appointed
from tests.integration.chats import press, write
from tests.support import Cast, SteadyClock, change, rows


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    """One admin by the environment."""
    return {**environment, "ADMIN_IDS": "9001,9009"}


@pytest.fixture
async def lensa(app: App) -> Actor:
    """Lensa, an admin of ADMIN_IDS."""
    return await app.people.identify(9001)


async def is_admin(app: App, telegram_id: int) -> bool:
    """Return whether somebody is an admin now."""
    return Role.ADMIN in (await app.people.identify(telegram_id)).roles


async def test_an_appointed_admin_is_one_until_they_are_dismissed(app: App, cast: Cast, lensa: Actor) -> None:
    """They are told both times, alerts reach them in between, and it is on record."""
    hana = await cast.hana()
    await app.admin.appointing.appoint(lensa, hana.me)
    async with app.db.transaction() as tx:
        await app.alerting.tell_admins(tx, Text("An alert."), at=app.clock())
    as_admin = await app.people.identify(2002)
    assert {Role.ADMIN, Role.COUNSELOR} == as_admin.roles
    assert "You are an admin" in (await cast.said(hana))[-2]
    assert "An alert." == (await cast.said(hana))[-1] == (await cast.said(lensa))[-1]

    await app.admin.appointing.dismiss(as_admin, hana.me)

    assert {Role.COUNSELOR} == (await app.people.identify(2002)).roles
    assert "no longer an admin" in (await cast.said(hana))[-1]
    assert [("appoint-admin", lensa.me), ("dismiss-admin", hana.me)] == [
        (row["action"], row["actor_id"]) for row in await rows(app, "SELECT * FROM audit WHERE action LIKE :like", like="%-admin")
    ]


async def test_by_telegram_id(app: App, cast: Cast, lensa: Actor) -> None:
    """The form asks for it, white space around it is no mistake; they are asked, and are an admin only once they accept."""
    sara = await cast.sara()
    await press(app, 9001, "admin.appoint")
    await write(app, 9001, " 1001\n")
    before = await is_admin(app, 1001), (await cast.said(sara))[-1]
    await press(app, 1001, "invitation.accept")
    team = await app.admin.appointing.team(lensa, 1)

    assert not before[0]
    assert "invites you" in before[1]
    assert (2, 1, [Appointed(id=sara.me, name="…001")]) == (team.fixed, team.total, list(team.appointed.items))
    assert await is_admin(app, 1001)
    assert "You are an admin" in (await cast.said(sara))[-1]
    assert "was accepted" in (await cast.said(lensa))[-1]
    assert ["accept-invitation", "invite-admin"] == sorted(
        row["action"] for row in await rows(app, "SELECT action FROM audit WHERE action LIKE :like", like="%invit%")
    )


async def test_the_answer_does_not_say_who_uses_the_service(app: App, cast: Cast, lensa: Actor) -> None:
    """It is the same for a student and for an id that nobody here has; and the form ends both times."""
    await cast.sara()
    answers = list[str]()
    for telegram_id in ("1001", "424242"):
        await press(app, 9001, "admin.appoint")
        await write(app, 9001, telegram_id)
        answers.append((await cast.said(lensa))[-1])

        assert await app.dialogs.step(lensa) is None
    assert answers[0] == answers[1]
    assert not await is_admin(app, 424242)


@pytest.mark.parametrize("end", ["declined", "old", "dismissed", "appointed and dismissed", "answered", "another's"])
async def test_an_invitation_that_is_over(app: App, cast: Cast, clock: SteadyClock, lensa: Actor, end: str) -> None:
    """Nobody becomes an admin by it any more, however often they press."""
    await cast.sara()
    martha = await app.people.identify(7001)
    await app.admin.appointing.appoint(lensa, martha.me)
    await app.admin.appointing.invite(await app.people.identify(7001), "1001")
    if end == "declined":
        await press(app, 1001, "invitation.decline")
    elif end == "old":
        clock.move(days=7, seconds=1)
    elif end == "dismissed":
        await app.admin.appointing.dismiss(lensa, martha.me)
    elif end == "appointed and dismissed":
        await app.admin.appointing.appoint_by_telegram_id(OPERATOR, "1001")
        await app.admin.appointing.dismiss_by_telegram_id(OPERATOR, "1001")
    elif end == "answered":
        await press(app, 1001, "invitation.accept")
        await app.admin.appointing.dismiss_by_telegram_id(OPERATOR, "1001")
    who = 5005 if end == "another's" else 1001
    for _ in range(2):
        with pytest.raises(Conflict):
            await press(app, who, "invitation.accept")

    assert not await is_admin(app, who)


async def test_an_invitation_is_accepted_once(app: App, cast: Cast, lensa: Actor) -> None:
    """Eight presses at once: one counts."""
    sara = await cast.sara()
    await app.admin.appointing.invite(lensa, "1001")
    outcomes = await asyncio.gather(*(app.inviting.accept(sara) for _ in range(8)), return_exceptions=True)

    assert 7 == len([outcome for outcome in outcomes if isinstance(outcome, Conflict)])
    assert await is_admin(app, 1001)


@pytest.mark.parametrize("text", ["", "abc", "-5", "0", "1.5", "12 34", "²", "١٢٣", "<b>&_*", "9" * 17, "x" * 5000, "@sara"])
async def test_what_is_no_telegram_id(app: App, lensa: Actor, text: str) -> None:
    """Is refused with what would be right, and the form stays."""
    await app.admin.appointing.begin(lensa)
    with pytest.raises(InvalidInput, match="positive whole number"):
        await app.admin.appointing.invite(lensa, text)

    assert "admin.appoint" == await app.dialogs.step(lensa)


async def test_who_never_wrote_cannot_be_appointed(app: App, lensa: Actor) -> None:
    """The bot could not write to them: the sentence says what they have to do."""
    with pytest.raises(NotFound, match="press Start"):
        await app.admin.appointing.appoint_by_telegram_id(OPERATOR, "424242")
    with pytest.raises(NotFound):
        await app.admin.appointing.appoint(lensa, PersonId(424242))

    assert 0 == (await app.admin.appointing.team(lensa, 1)).total


async def test_those_of_the_environment_are_fixed(app: App, cast: Cast, lensa: Actor) -> None:
    """They can be neither appointed nor dismissed, not even where the database names them too."""
    for attempt in (app.admin.appointing.appoint_by_telegram_id, app.admin.appointing.invite):
        with pytest.raises(Conflict, match="an admin already"):
            await attempt(lensa, "9001")
    await change(app, "UPDATE person SET is_admin = :yes WHERE id = :id", yes=True, id=lensa.me)
    for attempt in (
        app.admin.appointing.dismiss(lensa, lensa.me),
        app.admin.appointing.dismiss_by_telegram_id(OPERATOR, "9001"),
    ):
        with pytest.raises(Conflict, match="ADMIN_IDS"):
            await attempt

    assert await is_admin(app, 9001)
    assert 0 == (await app.admin.appointing.team(lensa, 1)).total


async def test_nothing_happens_twice(app: App, cast: Cast, lensa: Actor) -> None:
    """Eight appoint somebody at once, eight dismiss them: one message each time."""
    sara = await cast.sara()
    for attempt, word in ((app.admin.appointing.appoint, "You are an admin"), (app.admin.appointing.dismiss, "no longer")):
        outcomes = await asyncio.gather(*(attempt(lensa, sara.me) for _ in range(8)), return_exceptions=True)

        assert 7 == len([outcome for outcome in outcomes if isinstance(outcome, Conflict)])
        assert 1 == len([text for text in await cast.said(sara) if word in text])


async def test_a_dismissed_admin_who_is_no_counselor_keeps_no_conversation(app: App, cast: Cast, lensa: Actor) -> None:
    """What they took up as an admin waits for somebody else; the form that they were in is left."""
    sara = await cast.sara()
    await app.people.identify(7001)
    hana_id = (await app.admin.appointing.appoint_by_telegram_id(lensa, "7001")).id
    hana = await app.people.identify(7001)
    session = await cast.request(sara)
    await app.admin.steering.take(hana, session.alias)
    await app.admin.appointing.begin(hana)
    await app.admin.appointing.dismiss(lensa, hana_id)

    assert ["waiting"] == [row["state"] for row in await rows(app, "SELECT state FROM session")]
    assert "cannot go on with this conversation" in (await cast.said(sara))[-1]
    assert await app.dialogs.step(hana) is None
    with pytest.raises(NotAllowed):
        await app.admin.appointing.appoint_by_telegram_id(await app.people.identify(7001), "1001")


async def test_a_dismissed_admin_who_is_a_counselor_stays_one(app: App, cast: Cast, lensa: Actor) -> None:
    """With their conversations, and with the form that has nothing to do with it."""
    sara, dawit = await cast.sara(), await cast.dawit()
    await app.admin.appointing.appoint(lensa, dawit.me)
    await cast.conversation(sara, dawit)
    await app.admin.appointing.dismiss(lensa, dawit.me)

    assert ["active"] == [row["state"] for row in await rows(app, "SELECT state FROM session")]


async def test_only_an_appointed_admin_has_a_page(app: App, cast: Cast, lensa: Actor) -> None:
    """Neither a student nor one of ADMIN_IDS nor nobody."""
    sara = await cast.sara()
    for person_id in (sara.me, lensa.me, PersonId(424242)):
        for attempt in (app.admin.appointing.find(lensa, person_id), app.admin.appointing.dismiss(lensa, person_id)):
            with pytest.raises(Conflict):
                await attempt


async def test_the_operator_appoints_the_first_admin(app: App, cast: Cast) -> None:
    """Where ADMIN_IDS is empty somebody has to."""
    await cast.sara()
    await app.admin.appointing.appoint_by_telegram_id(OPERATOR, "1001")
    assert await is_admin(app, 1001)
    await app.admin.appointing.dismiss_by_telegram_id(OPERATOR, "1001")

    assert not await is_admin(app, 1001)
    with pytest.raises(Conflict):
        await app.admin.appointing.dismiss_by_telegram_id(OPERATOR, "1001")


async def test_who_is_dismissed_takes_nothing_up_any_more(app: App, cast: Cast, lensa: Actor) -> None:
    """Not even where their press was on its way; whichever is first, nobody talks with somebody who is no admin."""
    sara, martha = await cast.sara(), await app.people.identify(7001)
    session = await cast.request(sara)
    for number in range(6):
        await app.admin.appointing.appoint(lensa, martha.me)
        as_admin = await app.people.identify(7001)
        both = [app.admin.steering.take(as_admin, session.alias), app.admin.appointing.dismiss(lensa, martha.me)]
        outcomes = await asyncio.gather(*(both if number % 2 else both[::-1]), return_exceptions=True)
        ((state,),) = [tuple(row.values()) for row in await rows(app, "SELECT state FROM session")]

        assert "waiting" == state
        assert {type(outcome) for outcome in outcomes} <= {type(None), Session, NotAllowed}
    with pytest.raises(NotAllowed):
        await app.admin.steering.take(as_admin, session.alias)


async def test_a_start_takes_back_what_was_left_to_nobody(app: App, cast: Cast, lensa: Actor) -> None:
    """She was in ADMIN_IDS when she took it up, and is not when the bot comes back; those of all others stay with them."""
    students = [await cast.student(number) for number in (1001, 1002, 1003)]
    sessions = [await cast.request(student) for student in students]
    martha = await app.people.identify(7001)
    await app.admin.appointing.appoint(lensa, martha.me)
    left = Actor(person_id=(await app.people.identify(9009)).me, roles=frozenset({Role.ADMIN}))
    for admin, session in zip((lensa, await app.people.identify(7001), left), sessions, strict=True):
        await app.admin.steering.take(admin, session.alias)
    dawit = await cast.dawit()
    await cast.conversation(await cast.student(1004), dawit)
    people = replace(app.people, admin_ids=frozenset({9001}))
    for _ in range(2):
        await replace(app.transferring, people=people).reconcile()
    found = await rows(app, "SELECT state, counselor_id FROM session ORDER BY id")

    assert [("active", lensa.me), ("active", martha.me), ("waiting", None), ("active", dawit.me)] == [
        tuple(row.values()) for row in found
    ]
    assert "cannot go on with this conversation" in (await cast.said(students[2]))[-1]
