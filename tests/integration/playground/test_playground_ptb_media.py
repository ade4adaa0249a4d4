"""python-telegram-bot sends, reads, changes and downloads files through the server."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from telegram import Bot, InputFile, Message, ReplyParameters
from telegram.error import BadRequest, Forbidden, NetworkError

from bot.playground import BotApiServer, Fault, Person, photo, video


@pytest.fixture
async def bot(server: BotApiServer) -> AsyncIterator[Bot]:
    async with Bot(server.token, base_url=f"{server.url}/bot", base_file_url=f"{server.url}/file/bot") as bot:
        yield bot


@pytest.fixture
async def sara(server: BotApiServer) -> Person:
    """Sara, whose ``/start`` is confirmed."""
    sara = server.person("Sara")
    await sara.open()
    server.updates.clear()
    return sara


async def received(bot: Bot) -> list[Message]:
    """Return the messages, new or edited, that wait for the bot."""
    return [update.effective_message for update in await bot.get_updates() if update.effective_message]


async def test_it_reads_every_kind(bot: Bot, sara: Person) -> None:
    """What people send becomes its types, with names, sizes and groups."""
    await sara.send_album([photo("one", size=5_000), video(file_name="two.mp4")])
    await sara.send_voice()
    await sara.send_video_note()
    await sara.send_audio(performer="Sara")
    await sara.send_document(file_name="plan.pdf")
    await sara.send_sticker(set_name="Set")
    await sara.send_animation()
    await sara.send_contact("+251911000000", "Sara")
    await sara.send_location(9.0, 38.7)
    picture, film, voice, note, music, paper, smile, cat, contact, location = await received(bot)

    assert ("one", 5_000, picture.media_group_id) == (picture.caption, picture.photo[-1].file_size, film.media_group_id)
    assert film.video
    assert music.audio
    assert paper.document
    assert smile.sticker
    assert ("two.mp4", "Sara", "plan.pdf") == (film.video.file_name, music.audio.performer, paper.document.file_name)
    assert ("Set", True, True) == (smile.sticker.set_name, bool(cat.animation and cat.document), bool(voice.voice))
    assert (True, True, True) == (bool(note.video_note), bool(contact.contact), bool(location.location))


async def test_it_uploads_every_kind(bot: Bot, sara: Person) -> None:
    """Bytes with a name, as a direct part or attached, arrive with it and with their caption."""
    content, name = b"content", "neutral.bin"
    await bot.send_photo(sara.id, content, caption="<b>photo</b>", parse_mode="HTML", filename=name)
    await bot.send_voice(sara.id, content, filename=name)
    await bot.send_video(sara.id, content, filename=name, protect_content=True)
    await bot.send_video_note(sara.id, content, filename=name)
    await bot.send_audio(sara.id, content, filename=name, title="Song", duration=3)
    sent = await bot.send_document(sara.id, InputFile(content, filename=name, attach=True), caption="paper")
    await bot.send_sticker(sara.id, content)
    await bot.send_animation(sara.id, content, filename=name)
    seen = sara.bot_messages

    assert ["photo", "voice", "video", "video_note", "audio", "document", "sticker", "animation"] == [each.kind for each in seen]
    assert [content] * 8 == [each.content for each in seen]
    assert [None, None, name, None, name, name, None, name] == [each.file_name for each in seen]
    assert ("photo", "paper", True) == (seen[0].caption, sent.caption, seen[2].protect_content)


async def test_it_downloads_and_sends_anew(bot: Bot, sara: Person) -> None:
    """A file that comes back under another name has the same content and nothing of the old name."""
    await sara.send_document(file_name="Sara Bekele.pdf", size=300_000)
    (message,) = await received(bot)
    assert message.document
    file = await message.document.get_file()
    content = bytes(await file.download_as_bytearray())
    await bot.send_document(sara.id, content, filename="document.pdf", reply_parameters=ReplyParameters(message.message_id))
    seen = await sara.see(kind="document")

    assert (sara.chat[1].content, "document.pdf", message.message_id) == (seen.content, seen.file_name, seen.reply_to_message_id)


async def test_it_changes_a_caption(bot: Bot, sara: Person) -> None:
    """Both sides can; each change arrives as one."""
    theirs = await bot.send_photo(sara.id, b"x", caption="before")
    await theirs.edit_caption("after")
    await sara.see("after", edited=True)
    hers = await sara.send_photo("mine")
    await sara.edit_caption(hers, "still mine")
    *_, edited = await received(bot)

    assert ("still mine", hers.message_id, True) == (edited.caption, edited.message_id, edited.edit_date is not None)


async def test_it_gets_membership(server: BotApiServer, bot: Bot, sara: Person) -> None:
    """Blocking and unblocking are ``my_chat_member``."""
    await bot.get_updates(allowed_updates=["message", "my_chat_member"])
    await sara.block()
    with pytest.raises(Forbidden):
        await bot.send_photo(sara.id, b"x")
    await sara.unblock()
    changes = [update.my_chat_member for update in await bot.get_updates()]

    assert ["kicked", "member"] == [change.new_chat_member.status for change in changes if change]


async def test_errors_become_its_exceptions(server: BotApiServer, bot: Bot, sara: Person) -> None:
    """Refusals are bad requests; a download that breaks off is an error of the network."""
    huge = await sara.send_video(size=21 << 20)
    paper = await sara.send_document()
    for call, reason in (
        (lambda: bot.get_file(huge.file_id), "File is too big"),
        (lambda: bot.send_photo(sara.id, paper.file_id), "Can't use file of type Document as Photo"),
        (lambda: bot.send_photo(sara.id, "nothing"), "Wrong file identifier/http url specified"),
        (lambda: bot.send_photo(sara.id, b"x", caption="x" * 1_025), "Message caption is too long"),
    ):
        with pytest.raises(BadRequest, match=f"(?i){reason}"):
            await call()
    file = await bot.get_file(paper.file_id)
    server.faults.add(Fault(kind="lost", method="download"))
    with pytest.raises(NetworkError):
        await file.download_as_bytearray()
