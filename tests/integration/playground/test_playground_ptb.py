"""python-telegram-bot understands the server, and the server it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from telegram import Bot, BotCommand, InlineKeyboardButton, InlineKeyboardMarkup, Message, MessageEntity, ReplyParameters
from telegram.error import BadRequest, Conflict, Forbidden, NetworkError, RetryAfter
from telegram.request import HTTPXRequest

from bot.playground import BotApiServer, Fault


@pytest.fixture
async def bot(server: BotApiServer) -> AsyncIterator[Bot]:
    requests = HTTPXRequest(connection_pool_size=8), HTTPXRequest()
    async with Bot(server.token, base_url=f"{server.url}/bot", request=requests[0], get_updates_request=requests[1]) as bot:
        yield bot


async def test_a_conversation_with_buttons(server: BotApiServer, bot: Bot) -> None:
    """She writes, is asked, presses, is answered, and sees the text change."""
    sara = server.person("Sara")
    await sara.open()
    (start,) = await bot.get_updates(timeout=10)
    keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("Go on", callback_data="go")]])
    assert start.effective_chat
    await bot.send_message(start.effective_chat.id, "<b>Welcome</b> 😀", parse_mode="HTML", reply_markup=keyboard)
    await sara.see("Welcome")
    press = await sara.press("Go")
    (update,) = await bot.get_updates(offset=start.update_id + 1, timeout=10)
    query = update.callback_query
    assert query
    await query.answer("Thank you")
    await query.edit_message_text("Done")
    done = await sara.see("Done")

    assert ("Thank you", [], "go") == (await press.answered(), done.buttons, query.data)


async def test_a_message_with_everything(server: BotApiServer, bot: Bot) -> None:
    """Entities, replies and settings arrive as python-telegram-bot meant them, and come back."""
    sara = server.person("Sara")
    question = await sara.send("question")
    sent = await bot.send_message(
        sara.id,
        "answer",
        entities=[MessageEntity("bold", 0, 6)],
        reply_parameters=ReplyParameters(question.message_id),
        protect_content=True,
    )
    seen = await sara.see("answer")

    assert isinstance(sent, Message)
    assert (sent.text, sent.message_id, "question") == (
        seen.text,
        seen.message_id,
        sent.reply_to_message and sent.reply_to_message.text,
    )
    assert ((MessageEntity("bold", 0, 6),), True) == (sent.entities, seen.protect_content)


async def test_errors_become_its_exceptions(server: BotApiServer, bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    """400, 403, 429, 502 and a cut connection are the exceptions that one expects."""
    sara = server.person("Sara")
    with pytest.raises(BadRequest, match="Chat not found"):
        await bot.send_message(sara.id, "x")
    await sara.open()
    server.faults.add(Fault(kind="status", status=429, retry_after=3))
    monkeypatch.setenv("PTB_TIMEDELTA", "1")
    with pytest.raises(RetryAfter, match="0:00:03"):
        await bot.send_message(sara.id, "x")
    for kind in ("status", "cut", "lost"):
        server.faults.add(Fault(kind=kind))
        with pytest.raises(NetworkError):
            await bot.send_message(sara.id, kind)
    await sara.block()
    with pytest.raises(Forbidden, match="bot was blocked by the user"):
        await bot.send_message(sara.id, "x")

    assert ["lost"] == sara.received


async def test_two_pollers_conflict(server: BotApiServer, bot: Bot) -> None:
    """The older poll is a Conflict."""
    async with asyncio.TaskGroup() as group:
        older = group.create_task(refused_poll(bot))
        await server.wait_for(lambda: server.updates.is_polled)
        async with Bot(server.token, base_url=f"{server.url}/bot") as other:
            newer = group.create_task(other.get_updates(timeout=10))
            await older
            await server.person("Sara").open()
            updates = await newer

    assert (True, 1) == (isinstance(older.result(), Conflict), len(updates))


async def refused_poll(bot: Bot) -> Exception:
    with pytest.raises(Conflict) as caught:
        await bot.get_updates(timeout=10)
    return caught.value


async def test_menus(bot: Bot) -> None:
    """Commands are set and read."""
    await bot.set_my_commands([BotCommand("start", "Begin")])

    assert (BotCommand("start", "Begin"),) == await bot.get_my_commands()
