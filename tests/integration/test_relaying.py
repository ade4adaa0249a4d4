"""What one side says reaches the other, and nobody else."""

from __future__ import annotations

import pytest

from bot.app import App
from bot.domain.errors import Conflict, InvalidInput
from bot.storage import deliveries
from tests.support import Cast


async def test_a_message_is_owed_to_the_other_side_only(app: App, cast: Cast) -> None:
    """What Sara writes is owed to Dawit, once."""
    sara, dawit = await cast.sara(), await cast.dawit()
    session = await cast.conversation(sara, dawit)

    await app.relaying.relay(sara, "<b>&_*", message_id=1, reply_to=None)

    async with app.db.reading() as tx:
        owed = await deliveries.owed(tx, after=app.outbox.made[-2], limit=10)
        delivery = await deliveries.find_waiting(tx, owed[0].id)
        assert delivery is not None
        payload = await app.outbox.open(tx, delivery)

    assert [dawit.me] == [one.person_id for one in owed]
    assert f"<b>Student {session.alias}</b>\n&lt;b&gt;&amp;_*" == payload["text"]


async def test_who_is_in_no_conversation_is_told_so(app: App, cast: Cast) -> None:
    """A message of somebody without a conversation goes nowhere."""
    sara = await cast.sara()

    with pytest.raises(Conflict):
        await app.relaying.relay(sara, "hello?", message_id=1, reply_to=None)


async def test_in_several_conversations_a_message_must_name_its_own(app: App, cast: Cast) -> None:
    """Dawit cannot answer the wrong student: without a reply his message is refused."""
    dawit = await cast.dawit()
    await cast.conversation(await cast.student(1001), dawit)
    await cast.conversation(await cast.student(1002), dawit)

    with pytest.raises(InvalidInput):
        await app.relaying.relay(dawit, "which of you?", message_id=1, reply_to=None)
