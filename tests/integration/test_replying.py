"""A reply goes to the conversation that it replies to, or to nobody."""

from __future__ import annotations

import pytest

from bot.app import App
from bot.domain.errors import Conflict
from bot.domain.people import Actor
from tests.support import Cast, change, one

OLD, NEW = 501, 502  #: messages in the chat of who replies


async def delivered(app: App, cast: Cast, actor: Actor, message_id: int) -> None:
    """Have the newest message to *actor* arrive under this number."""
    await app.delivering.succeed((await cast.owed(actor))[-1], message_id=message_id)


async def test_a_counselors_reply_to_an_ended_conversation_goes_to_nobody(app: App, cast: Cast) -> None:
    """One other student is left, and it was not said to her: she gets nothing, and neither does the one who has left."""
    liya, sara, dawit = await cast.student(1002), await cast.sara(), await cast.dawit()
    ended = await cast.conversation(liya, dawit)
    await cast.say(liya, "I thought of leaving", message_id=1, reply_to=None)
    await delivered(app, cast, dawit, OLD)
    await app.closing.end(liya, ended.alias)
    active = await cast.conversation(sara, dawit)
    before = await cast.owed(sara), await cast.owed(liya)
    with pytest.raises(Conflict, match="has ended"):
        await cast.say(dawit, "please stay", message_id=2, reply_to=OLD)

    assert before == (await cast.owed(sara), await cast.owed(liya))
    assert 1 == await one(app, "SELECT count(*) AS number FROM message")
    assert active.id == (await cast.say(dawit, "hello", message_id=3)).id


async def test_a_students_reply_to_her_last_counselor_does_not_reach_the_new_one(app: App, cast: Cast) -> None:
    """After a new match an answer to what Dawit said is not for Hana, nor for Dawit, who has ended it."""
    sara, dawit = await cast.sara(), await cast.dawit()
    ended = await cast.conversation(sara, dawit)
    await cast.say(dawit, "who hurt you?", message_id=1, reply_to=None)
    await delivered(app, cast, sara, OLD)
    await app.closing.end(dawit, ended.alias)
    await change(app, "UPDATE counselor SET is_online = FALSE")
    hana = await cast.hana()
    active = await cast.conversation(sara, hana)
    before = await cast.owed(hana), await cast.owed(dawit)
    with pytest.raises(Conflict, match="has ended"):
        await cast.say(sara, "it was my brother", message_id=2, reply_to=OLD)

    assert before == (await cast.owed(hana), await cast.owed(dawit))
    assert active.id == (await cast.say(sara, "hello", message_id=3)).id


async def test_a_reply_to_an_active_conversation_reaches_it(app: App, cast: Cast) -> None:
    """Of several it is the one that is replied to; each is its own."""
    liya, sara, dawit = await cast.student(1002), await cast.sara(), await cast.dawit()
    first = await cast.conversation(liya, dawit)
    await cast.say(liya, "from liya", message_id=1, reply_to=None)
    await delivered(app, cast, dawit, OLD)
    second = await cast.conversation(sara, dawit)
    await cast.say(sara, "from sara", message_id=1, reply_to=None)
    await delivered(app, cast, dawit, NEW)
    meant = [await cast.say(dawit, "to", message_id=3, reply_to=reply_to) for reply_to in (OLD, NEW)]

    assert [first.id, second.id] == [session.id for session in meant]
