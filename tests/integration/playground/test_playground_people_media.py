"""Files, albums, edits and membership: what people do with them reaches the bot."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest

from bot.playground import BotApiServer, Person, document, photo, sticker, video

Api = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
async def sara(server: BotApiServer) -> Person:
    """Sara, whose ``/start`` is confirmed."""
    sara = server.person("Sara")
    await sara.open()
    server.updates.clear()
    return sara


async def arrived(api: Api) -> list[dict[str, Any]]:
    """Return the messages, new or edited, that wait for the bot."""
    body = await api("getUpdates")
    return [update.get("message") or update["edited_message"] for update in body["result"]]


async def test_each_kind_arrives_as_its_object(api: Api, sara: Person) -> None:
    """Every kind has its field, with what identifies her in it, and the message says of what kind it is."""
    sent = [
        await sara.send_voice("listen"),
        await sara.send_video(file_name="Sara at home.mp4"),
        await sara.send_video_note(),
        await sara.send_audio(performer="Sara", title="Her song"),
        await sara.send_document("my plan", file_name="Sara Bekele.pdf"),
        await sara.send_sticker(set_name="SarasStickers"),
        await sara.send_animation(),
        await sara.send_contact("+251911000000", "Sara", user_id=sara.id),
        await sara.send_location(9.0, 38.7),
    ]
    bodies = await arrived(api)
    voice, film, note, music, paper, smile, cat, contact, location = bodies

    assert [message.kind for message in sent] == [next(key for key in body if key in KINDS) for body in bodies]
    assert ("listen", "Sara at home.mp4", "caption" in note) == (voice["caption"], film["video"]["file_name"], False)
    assert ("Sara", "Her song", "SarasStickers") == (
        music["audio"]["performer"],
        music["audio"]["title"],
        smile["sticker"]["set_name"],
    )
    assert ("Sara Bekele.pdf", "application/pdf") == (paper["document"]["file_name"], paper["document"]["mime_type"])
    assert (sara.id, 9.0) == (contact["contact"]["user_id"], location["location"]["latitude"])
    assert cat["animation"]["file_id"] == cat["document"]["file_id"]


KINDS = ("voice", "video", "video_note", "audio", "animation", "document", "sticker", "contact", "location")


async def test_a_photo_comes_in_sizes(api: Api, sara: Person) -> None:
    """The largest is the last; nothing in it has a name."""
    message = await sara.send_photo("my /face", size=90_000)
    (body,) = await arrived(api)
    small, large = body["photo"]

    assert (message.file_id, 90_000, 1_500) == (large["file_id"], large["file_size"], small["file_size"])
    assert ("my /face", [{"type": "bot_command", "offset": 3, "length": 5}]) == (body["caption"], body["caption_entities"])
    assert (None, "photo") == (message.file_name, message.kind)


async def test_what_is_in_a_file_is_given_or_made_up(sara: Person) -> None:
    """A content is kept; a size alone is made up, differently for each file and without holding it."""
    given = await sara.send_document(content=b"a plan")
    one, other, huge = [await sara.send_video(size=size) for size in (70_000, 70_000, 1 << 40)]

    assert (b"a plan", 6) == (given.content, given.file_size)
    assert (70_000, False, 1 << 40) == (len(one.content), one.content == other.content, huge.file_size)


async def test_an_album_is_several_messages(api: Api, sara: Person) -> None:
    """They share one group, another album has another; a single photo has none."""
    album = await sara.send_album([photo("first"), video(file_name="b.mp4")])
    other = await sara.send_album([photo()])
    single = await sara.send_photo()
    bodies = await arrived(api)

    assert (1, True) == (len({each.media_group_id for each in album}), album[0].media_group_id != other[0].media_group_id)
    assert [body.get("media_group_id") for body in bodies] == [each.media_group_id for each in (*album, *other, single)]
    assert ("first", "b.mp4", None) == (bodies[0]["caption"], bodies[1]["video"]["file_name"], single.media_group_id)


async def test_she_replies_with_anything(api: Api, sara: Person) -> None:
    """Text, a file and a place can answer a message; the update holds what they answer."""
    await api("sendMessage", chat_id=sara.id, text="how are you?")
    question = await sara.see("how")
    answers = [
        await sara.reply(question, "fine"),
        await sara.reply(question, sticker()),
        await sara.send_location(9.0, 38.7, reply_to=question),
    ]
    bodies = await arrived(api)

    assert [question.message_id] * 3 == [answer.reply_to_message_id for answer in answers]
    assert [question.message_id] * 3 == [body["reply_to_message"]["message_id"] for body in bodies]


async def test_further_fields_can_be_added(api: Api, sara: Person) -> None:
    """A file can be forwarded, or hidden by a spoiler, with the fields that say so."""
    origin = {"type": "hidden_user", "sender_user_name": "Abebe", "date": 1}
    await sara.send_media(document(), fields={"forward_origin": origin})
    (body,) = await arrived(api)

    assert origin == body["forward_origin"]


async def test_her_edits_are_updates(api: Api, sara: Person, clock: SimpleNamespace) -> None:
    """A changed text and a changed caption come whole, with their date; what was before is remembered."""
    text, picture = await sara.send("tpyo"), await sara.send_photo("my fase")
    server_time = int(clock.now)
    await sara.edit(text, "typo")
    await sara.edit_caption(picture, "my face")
    _, _, changed_text, changed_caption = await arrived(api)

    assert ("typo", server_time) == (changed_text["text"], changed_text["edit_date"])
    assert ("my face", picture.file_id) == (changed_caption["caption"], changed_caption["photo"][-1]["file_id"])
    assert (True, ["tpyo"], ["my fase"]) == (picture.is_edited, text.edits, picture.edits)


async def test_what_a_client_does_not_offer_is_an_error_of_the_script(sara: Person) -> None:
    """A photo has no text to change, a text no caption, a sticker neither; a caption has its limit."""
    text, picture, smile = await sara.send("x"), await sara.send_photo(), await sara.send_sticker()
    for step in (
        lambda: sara.edit(picture, "y"),
        lambda: sara.edit_caption(text, "y"),
        lambda: sara.edit_caption(smile, "y"),
        lambda: sara.send_photo("x" * 1_025),
    ):
        with pytest.raises(ValueError, match=r"has no (text|caption)|0 to 1024"):
            await step()


@pytest.mark.parametrize(("asked", "arrives"), [(["message"], False), (["message", "my_chat_member"], True), ([], True)])
async def test_membership_is_told_to_who_asks(
    server: BotApiServer, api: Api, sara: Person, asked: list[str], arrives: bool
) -> None:
    """Blocking is an update only where the bot asked for it, or asked for nothing in particular; files are refused meanwhile."""
    await api("getUpdates", allowed_updates=asked)
    await sara.block()
    refused = await api("sendSticker", chat_id=sara.id, sticker="unknown")
    kinds = [update.kind for update in server.updates.pending]
    await sara.unblock()

    assert (403, ["my_chat_member"] if arrives else []) == (refused["error_code"], kinds)
