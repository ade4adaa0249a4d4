"""Photos, voices, files and the rest, as two people on phones send them; nothing of them tells who sent them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from bot.playground import BotApiServer, Fault, Message, Person
from tests.acceptance.program import UNLIMITED, Programs
from tests.acceptance.steps import converse, enrol

#: How each kind is sent, with names in it that must not arrive.
SENDERS: dict[str, Callable[[Person], Awaitable[Message]]] = {
    "photo": lambda who: who.send_photo(caption="look <b>&_*"),
    "voice": lambda who: who.send_voice(caption="listen <b>&_*"),
    "video": lambda who: who.send_video(caption="watch <b>&_*", file_name="Sara_Tadesse.mp4", content=b"moving"),
    "video_note": lambda who: who.send_video_note(),
    "audio": lambda who: who.send_audio(
        caption="song <b>&_*", file_name="Sara_Tadesse.mp3", performer="Sara Tadesse", title="Sara's song", content=b"singing"
    ),
    "document": lambda who: who.send_document(caption="read <b>&_*", file_name="CV_Sara_Tadesse.pdf", content=b"%PDF-1.7"),
    "sticker": lambda who: who.send_sticker(set_name="by_sara_tadesse", content=b"RIFF"),
    "animation": lambda who: who.send_animation(caption="dance <b>&_*", file_name="Sara_Tadesse.mp4", content=b"dancing"),
}


@pytest.fixture
async def pair(server: BotApiServer, programs: Programs) -> tuple[Person, Person]:
    """Sara and Dawit in a conversation, the bot running."""
    await programs.start(**UNLIMITED)
    sara, dawit = server.person("Sara"), server.person("Dawit")
    await enrol(programs, dawit, "Dawit", "mental_emotional")
    await converse(sara, dawit)
    return sara, dawit


async def test_each_kind_reaches_the_other_side_without_a_name(pair: tuple[Person, Person]) -> None:
    """Both ways, the caption as typed, the same bytes where it is made anew, and no name, title, performer or sticker set."""
    sara, dawit = pair
    for kind, send in SENDERS.items():
        for author, other in ((sara, dawit), (dawit, sara)):
            sent = await send(author)
            came = await other.see(sent.caption, kind=kind)
            assert came.protect_content
            assert "Tadesse" not in repr(came) + repr(came.details) + repr(came.media)
            assert "sara" not in repr(came.details).lower()
            assert sent.content == came.content
            if kind not in {"sticker", "video_note"}:
                assert came.caption.endswith(sent.caption)


async def test_a_counselor_sees_of_whom_a_sticker_is(pair: tuple[Person, Person]) -> None:
    """A sticker and a round video hold no words, so the name of the student stands above them."""
    sara, dawit = pair
    await sara.send_sticker()
    await dawit.see(kind="sticker")

    assert dawit.received[-2].startswith("Student ")


async def test_a_long_caption_goes_on_below(pair: tuple[Person, Person]) -> None:
    """With the heading 1,024 characters are too long for a caption: the rest follows as text, and nothing is lost."""
    sara, dawit = pair
    words = " ".join(f"word{number}" for number in range(200))[:1024]
    await sara.send_photo(caption=words)
    photo = await dawit.see("word0", kind="photo")
    rest = await dawit.see("Student", kind="text", after=photo)

    def body(text: str) -> str:
        return text.partition("\n")[2]

    assert words.split() == (body(photo.caption) + " " + body(rest.text)).split()


async def test_replies_point_to_the_same_message_on_the_other_side(pair: tuple[Person, Person]) -> None:
    """Whoever wrote what is answered: it is answered in the chat of the other one too."""
    sara, dawit = pair
    asked = await dawit.send("how are you?")
    seen = await sara.see("how are you?")
    answered = await sara.reply(seen, "not well")
    came = await dawit.see("not well")
    await dawit.reply(came, "tell me more")
    to_hers = await sara.see("tell me more")
    await sara.send_photo(caption="this", reply_to=answered)
    to_own = await dawit.see("this", kind="photo")

    assert asked.message_id == came.reply_to_message_id
    assert answered.message_id == to_hers.reply_to_message_id
    assert came.message_id == to_own.reply_to_message_id


async def test_changes_arrive_where_the_message_stands(pair: tuple[Person, Person]) -> None:
    """A text, a caption, one that becomes longer than a message and short again."""
    sara, dawit = pair
    text, photo = await sara.send("I am fin"), await sara.send_photo(caption="my rom")
    first, second = await dawit.see("I am fin"), await dawit.see("my rom")
    await sara.edit(text, "I am fine <b>&_*")
    await sara.edit_caption(photo, "my room")
    changed, recaptioned = await dawit.see("I am fine <b>&_*", edited=True), await dawit.see("my room", edited=True)
    await sara.edit(text, "x" * 4096)
    rest = await dawit.see("xxx", edited=False)
    await sara.edit(text, "short")
    await dawit.see("short", edited=True)
    await dawit.see("taken back", edited=True)

    assert [first.message_id, second.message_id] == [changed.message_id, recaptioned.message_id]
    assert "(This part was taken back.)" == rest.text


async def test_a_change_after_the_end_is_said_to_be_late(pair: tuple[Person, Person]) -> None:
    """Its author hears that it went nowhere."""
    sara, dawit = pair
    last = await sara.send("I am fine")
    await dawit.see("I am fine")
    await dawit.send("/menu")
    await dawit.see("Conversations: 1")
    await dawit.press("End")
    await dawit.see("End the conversation")
    await dawit.press("Yes, end it")
    await sara.see("has ended the conversation")
    await sara.edit(last, "I am not fine")
    await sara.see("not passed on")

    assert not [text for text in dawit.received if "I am not fine" in text]


@pytest.mark.parametrize(
    ("send", "answer"),
    [
        pytest.param(lambda who: who.send_contact("+251911000000", "Sara"), "cannot be passed on", id="contact"),
        pytest.param(lambda who: who.send_location(9.0, 38.7), "cannot be passed on", id="location"),
        pytest.param(lambda who: who.send_document(file_name="scan.pdf", size=21 * 1024**2), "at most 20 MB", id="too large"),
        pytest.param(
            lambda who: who.send_document(file_name="me.jpg", mime_type="image/jpeg", content=b"\xff\xd8Exif"),
            "send it as a photo",
            id="picture as a file",
        ),
        pytest.param(
            lambda who: who.send_document(file_name="IMG_1.HEIC", mime_type="application/octet-stream", content=b"ftypheic"),
            "send it as a photo",
            id="picture by its name",
        ),
        pytest.param(
            lambda who: who.send_document(file_name="me.bin", mime_type="video/quicktime", content=b"ftypqt"),
            "send it as a video",
            id="video as a file",
        ),
        pytest.param(
            lambda who: who.send_document(file_name="me.mov", mime_type="application/octet-stream", content=b"ftypqt"),
            "send it as a video",
            id="video by its name",
        ),
    ],
)
async def test_what_does_not_pass_is_said_at_once(
    pair: tuple[Person, Person], send: Callable[[Person], Awaitable[Message]], answer: str
) -> None:
    """The author hears why, and the other side gets nothing of it."""
    sara, dawit = pair
    before = len(dawit.received)
    await send(sara)
    await sara.see(answer)
    await sara.send("anyway")
    await dawit.see("anyway")

    assert before + 1 == len(dawit.received)


async def test_an_album_arrives_whole(pair: tuple[Person, Person]) -> None:
    """Each picture of it, in its order."""
    from bot.playground import photo  # noqa: PLC0415 — only here

    sara, dawit = pair
    await sara.send_album([photo("one"), photo("two"), photo("three")])
    await dawit.see("three", kind="photo")

    captions = [message.caption.partition("\n")[2] for message in dawit.bot_messages if message.kind == "photo"]
    assert ["one", "two", "three"] == captions


@pytest.mark.parametrize("fault", ["status", "cut", "lost"])
async def test_a_download_that_fails_is_tried_again(server: BotApiServer, pair: tuple[Person, Person], fault: str) -> None:
    """What comes behind the file waits for it, so that the order holds."""
    sara, dawit = pair
    server.faults.add(Fault(kind=fault, method="download", times=2))
    await sara.send_document(caption="first", file_name="a.pdf", content=b"%PDF")
    await sara.send("second")
    await dawit.see("second", timeout=30)
    first, second = dawit.bot_messages[-2:]

    assert ("first" in first.caption, b"%PDF", "second" in second.text) == (True, first.content, True)


async def test_who_blocks_the_bot_is_missed_at_once(pair: tuple[Person, Person]) -> None:
    """Dawit hears it without having written, can end the conversation, and Sara can come back."""
    sara, dawit = pair
    await sara.block()
    await dawit.see("cannot be reached")
    await sara.unblock()
    await dawit.send("are you there?")
    await sara.see("are you there?")
    await dawit.block()
    await sara.see("Dawit cannot be reached")
    await sara.press("End Session")
    await sara.see("End the conversation with")
