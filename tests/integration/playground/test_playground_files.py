"""Files that the bot sends, changes and downloads."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from aiohttp import ClientConnectionError, ClientSession, ClientTimeout, FormData

from bot.playground import BotApiServer, Fault, FloodLimits, Message, Person, Upload

Api = Callable[..., Awaitable[dict[str, Any]]]
Send = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
async def sara(server: BotApiServer) -> Person:
    sara = server.person("Sara")
    await sara.open()
    return sara


@pytest.fixture
async def dawit(server: BotApiServer) -> Person:
    dawit = server.person("Dawit")
    await dawit.open()
    return dawit


@pytest.fixture
def upload(server: BotApiServer, http: ClientSession) -> Send:
    """Call a method with one part that is a file, named *part* and *file_name*."""

    async def call(method: str, part: str, content: bytes, file_name: str, **params: object) -> dict[str, Any]:
        form = FormData()
        for name, value in params.items():
            form.add_field(name, value if isinstance(value, str) else json.dumps(value))
        form.add_field(part, content, filename=file_name, content_type="application/x-test")
        async with http.post(f"{server.url}/bot{server.token}/{method}", data=form) as response:
            return await response.json()

    return call


def address(server: BotApiServer, path: str) -> str:
    return f"{server.url}/file/bot{server.token}/{path}"


async def revealed(api: Api, message: Message) -> str:
    """Return the path of a file that may be downloaded."""
    return (await api("getFile", file_id=message.file_id))["result"]["file_path"]


FIELDS = {
    "sendPhoto": "photo",
    "sendVoice": "voice",
    "sendVideo": "video",
    "sendVideoNote": "video_note",
    "sendAudio": "audio",
    "sendDocument": "document",
    "sendSticker": "sticker",
    "sendAnimation": "animation",
}


@pytest.mark.parametrize(("method", "kind"), FIELDS.items())
async def test_every_kind_can_be_uploaded(api: Api, upload: Send, sara: Person, method: str, kind: str) -> None:
    """As a part of the name of the field, or as one that ``attach://`` names; without a file there is nothing to send."""
    direct = await upload(method, kind, b"one", "neutral.bin", chat_id=sara.id)
    attached = await upload(method, "part7", b"two", "neutral.bin", chat_id=sara.id, **{kind: "attach://part7"})
    seen = [await sara.see(kind=kind) for _ in range(2)]
    nothing = await api(method, chat_id=sara.id)
    empty = await upload(method, kind, b"", "neutral.bin", chat_id=sara.id)

    assert [b"one", b"two"] == [message.content for message in seen]
    assert (True, True) == (kind in direct["result"], kind in attached["result"])
    assert (f"Bad Request: there is no {kind.replace('_', ' ')} in the request", "Bad Request: file must be non-empty") == (
        nothing["description"],
        empty["description"],
    )


async def test_an_upload_has_the_name_of_its_part(upload: Send, server: BotApiServer, sara: Person) -> None:
    """A document, an audio with what is said of it; a photo and a voice have no name."""
    await upload("sendDocument", "document", b"x", "document.pdf", chat_id=sara.id)
    await upload("sendAudio", "audio", b"x", "audio.mp3", chat_id=sara.id, title="A song", duration=7)
    await upload("sendPhoto", "photo", b"x", "me.jpg", chat_id=sara.id)
    paper, music, picture = sara.bot_messages

    assert ("document.pdf", "application/x-test") == (paper.file_name, paper.mime_type)
    assert ("audio.mp3", "A song", 7) == (music.file_name, music.details["title"], music.details["duration"])
    assert (None, "performer" in music.details) == (picture.file_name, False)
    assert Upload("me.jpg", "application/x-test", b"x") == server.calls_to("sendPhoto")[0].params["photo"]


async def test_what_is_sent_again_keeps_what_identifies(api: Api, sara: Person, dawit: Person) -> None:
    """A ``file_id`` carries the name, the performer, the set of stickers to the other side."""
    for method, sent in (
        ("sendDocument", await sara.send_document(file_name="Sara Bekele.pdf")),
        ("sendAudio", await sara.send_audio(file_name="sara.mp3", performer="Sara", title="Hers")),
        ("sendSticker", await sara.send_sticker(set_name="SarasStickers")),
        ("sendVideo", await sara.send_video(file_name="Sara.mp4")),
        ("sendAnimation", await sara.send_animation(file_name="Sara cat.mp4")),
    ):
        await api(method, chat_id=dawit.id, **{sent.kind: sent.file_id})
        seen = await dawit.see(kind=sent.kind)

        assert (sent.details, sent.content) == (seen.details, seen.content)


async def test_a_file_goes_out_as_what_it_is(api: Api, sara: Person) -> None:
    """A photo is no document and no document a photo; a video that is sent as a document stays a video."""
    picture, film = await sara.send_photo(), await sara.send_video()
    as_document = await api("sendDocument", chat_id=sara.id, document=picture.file_id)
    as_photo = await api("sendPhoto", chat_id=sara.id, photo=film.file_id)
    as_voice = await api("sendDocument", chat_id=sara.id, document=film.file_id, caption="x")
    unknown = await api("sendVoice", chat_id=sara.id, voice="nothing")

    assert "Bad Request: can't use file of type Photo as Document" == as_document["description"]
    assert "Bad Request: can't use file of type Video as Photo" == as_photo["description"]
    assert ("x", True) == (as_voice["result"]["caption"], "video" in as_voice["result"])
    assert (400, "Bad Request: wrong file identifier/HTTP URL specified") == (unknown["error_code"], unknown["description"])


async def test_a_caption_is_measured_without_its_tags(api: Api, sara: Person) -> None:
    """1,024 UTF-16 units after the tags were read; one more is too long; round videos and stickers drop theirs."""
    picture, note, smile = await sara.send_photo(), await sara.send_video_note(), await sara.send_sticker()
    longest = "😀" * 511 + "<b>&lt;x</b>"
    form = {"chat_id": sara.id, "photo": picture.file_id, "parse_mode": "HTML"}
    fits, too_long = await api("sendPhoto", **form, caption=longest), await api("sendPhoto", **form, caption=f"{longest}y")
    broken = await api("sendPhoto", **form, caption="<b>")
    bare = [
        await api("sendVideoNote", chat_id=sara.id, video_note=note.file_id, caption="x"),
        await api("sendSticker", chat_id=sara.id, sticker=smile.file_id, caption="x"),
    ]
    seen = await sara.see("😀<x")

    assert ([{"type": "bold", "offset": 1_022, "length": 2}], True) == (seen.caption_entities, fits["ok"])
    assert "Bad Request: message caption is too long" == too_long["description"]
    assert broken["description"].startswith("Bad Request: can't parse entities")
    assert [False, False] == ["caption" in answer["result"] for answer in bare]


async def test_a_file_has_the_settings_of_a_text(api: Api, sara: Person) -> None:
    """Protection, a spoiler, buttons, and an answer to a message, which may be missing where the bot says so."""
    picture = await sara.send_photo()
    form = {"chat_id": sara.id, "photo": picture.file_id}
    buttons = {"inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]}
    reply = {"message_id": picture.message_id}
    await api("sendPhoto", **form, protect_content=True, has_spoiler=True, reply_markup=buttons, reply_parameters=reply)
    seen = await sara.see(kind="photo")
    missing = await api("sendPhoto", **form, reply_parameters={"message_id": 1})
    allowed = await api("sendPhoto", **form, reply_parameters={"message_id": 1, "allow_sending_without_reply": True})

    assert (True, True, [["Go"]], picture.message_id) == (
        seen.protect_content,
        seen.has_spoiler,
        seen.buttons,
        seen.reply_to_message_id,
    )
    assert ("Bad Request: message to be replied not found", True) == (missing["description"], allowed["ok"])


async def test_a_caption_can_be_edited(api: Api, sara: Person) -> None:
    """It is seen as an edit; the same again is refused, and so is what the message does not have."""
    picture, smile = await sara.send_photo(), await sara.send_sticker()
    await api("sendPhoto", chat_id=sara.id, photo=picture.file_id, caption="before")
    await api("sendSticker", chat_id=sara.id, sticker=smile.file_id)
    await api("sendMessage", chat_id=sara.id, text="text")
    ids = [message.message_id for message in sara.bot_messages]
    edit = {"chat_id": sara.id, "caption": "<i>after</i>", "parse_mode": "HTML"}
    changed, again = [await api("editMessageCaption", **edit, message_id=ids[0]) for _ in range(2)]
    of_others = [await api("editMessageCaption", **edit, message_id=message_id) for message_id in ids[1:]]
    as_text = await api("editMessageText", chat_id=sara.id, message_id=ids[0], text="after")
    seen = await sara.see("after", kind="photo", edited=True)

    assert (["before"], True, "after") == (seen.edits, seen.is_edited, changed["result"]["caption"])
    assert again["description"].startswith("Bad Request: message is not modified")
    assert ["Bad Request: there is no caption in the message to edit"] * 2 == [each["description"] for each in of_others]
    assert "Bad Request: there is no text in the message to edit" == as_text["description"]


async def test_she_sees_by_kind_and_by_change(api: Api, sara: Person) -> None:
    """One waits for a photo and passes over a text, for a new message and passes over an edit; the failure says what for."""
    picture = await sara.send_photo()
    sent = await api("sendMessage", chat_id=sara.id, text="a text")
    await api("editMessageText", chat_id=sara.id, message_id=sent["result"]["message_id"], text="a newer text")
    mark = sara.mark()
    waiting = asyncio.create_task(sara.see("newer", kind="photo"))
    await api("sendPhoto", chat_id=sara.id, photo=picture.file_id, caption="newer")
    seen = await waiting
    edited = await sara.see("newer", edited=True, after=0)
    with pytest.raises(AssertionError, match="did not see 'newer' of the kind text with edited=False"):
        await sara.see("newer", kind="text", edited=False, after=0, timeout=0.01)

    assert ("photo", "text", ["a newer text", "newer"]) == (seen.kind, edited.kind, sara.received)
    assert seen is await sara.see(after=mark)


async def test_a_file_is_downloaded(server: BotApiServer, api: Api, http: ClientSession, sara: Person) -> None:
    """``getFile`` names the path, with the extension; before that, elsewhere, and with another token there is nothing."""
    paper = await sara.send_document(file_name="a plan.PDF", size=100_000)
    guessed = await http.get(address(server, paper.media.file.path if paper.media else ""))
    answer = (await api("getFile", file_id=paper.file_id))["result"]
    response = await http.get(address(server, answer["file_path"]))
    content = await response.read()
    strange = await http.get(address(server, answer["file_path"]).replace(server.token, "1:x"))

    assert (paper.content, 100_000, True) == (content, answer["file_size"], answer["file_path"].endswith(".PDF"))
    assert (404, 401) == (guessed.status, strange.status)
    assert [{"file_path": answer["file_path"]}] * 2 == [call.params for call in server.calls_to("download")][:2]


async def test_a_download_has_its_limit(api: Api, sara: Person) -> None:
    """20 MB can be had, one byte more cannot; an unknown id and none at all are refused."""
    largest, larger = await sara.send_video(size=20 << 20), await sara.send_video(size=(20 << 20) + 1)
    fits = await api("getFile", file_id=largest.file_id)
    answers = [await api("getFile", **params) for params in ({"file_id": larger.file_id}, {"file_id": "x"}, {})]

    assert fits["ok"]
    assert ["file is too big", "invalid file_id", "file_id not specified"] == [
        answer["description"].removeprefix("Bad Request: ") for answer in answers
    ]


async def test_faults_strike_files(server: BotApiServer, api: Api, upload: Send, sara: Person, dawit: Person) -> None:
    """Sending is cut, lost or answered with an error, as with texts."""
    picture = await sara.send_photo()
    for kind in ("cut", "lost"):
        server.faults.add(Fault(kind=kind, method="sendPhoto", chat_id=dawit.id))
        with pytest.raises(ClientConnectionError):
            await api("sendPhoto", chat_id=dawit.id, photo=picture.file_id, caption=kind)
    server.faults.add(Fault(kind="status", method="sendDocument"))
    refused = await upload("sendDocument", "document", b"x", "x", chat_id=dawit.id)
    server.faults.add(Fault(kind="status", method="getFile", status=500))
    nowhere = await api("getFile", file_id=picture.file_id)

    assert (["lost"], 502, 500) == (dawit.received, refused["error_code"], nowhere["error_code"])


async def test_faults_strike_downloads(server: BotApiServer, api: Api, sara: Person) -> None:
    """An error, a page of a proxy, a cut, half a file; then it goes well, late or not; and all of it is recorded."""
    paper = await sara.send_document(size=200_000)
    url = address(server, await revealed(api, paper))
    server.faults.add(Fault(kind="status", method="download", status=500))
    server.faults.add(Fault(kind="status", method="download", body="<html>"))
    for kind in ("cut", "lost", "delay", "late"):
        server.faults.add(Fault(kind=kind, method="download", delay_seconds=0.01))
    async with httpx.AsyncClient() as http:  # aiohttp repeats a GET by itself
        refused, page = await http.get(url), await http.get(url)
        for _ in ("cut", "lost"):
            with pytest.raises(httpx.TransportError):
                await http.get(url)
        whole = [(await http.get(url)).content for _ in ("delay", "late")]
    downloads = server.calls_to("download")

    assert (500, 502, "<html>") == (refused.status_code, page.status_code, page.text)
    assert [paper.content] * 2 == whole
    assert ["status", "status", "cut", "lost", "delay", "late"] == [call.fault for call in downloads]
    assert [500, 502, 0, 0, 200, 200] == [call.status for call in downloads]


async def test_a_download_hangs_until_the_client_gives_up(
    server: BotApiServer, api: Api, http: ClientSession, sara: Person
) -> None:
    """There is no answer; the call is recorded when the client has gone."""
    url = address(server, await revealed(api, await sara.send_document()))
    server.faults.add(Fault(kind="hang", method="download"))
    with pytest.raises(TimeoutError):
        await http.get(url, timeout=ClientTimeout(total=0.05))
    await server.wait_for(lambda: bool(server.calls_to("download")), description="the download ended")

    assert (0, "hang") == (server.calls[-1].status, server.calls[-1].fault)


async def test_files_count_against_the_flood_limits(server: BotApiServer, api: Api, sara: Person) -> None:
    """A photo is a message like any other; to ask for a file is none."""
    picture = await sara.send_photo()
    server.limits = FloodLimits(per_chat_burst=1)
    first, second = [await api("sendPhoto", chat_id=sara.id, photo=picture.file_id) for _ in range(2)]
    asked = await api("getFile", file_id=picture.file_id)

    assert (True, 429, True) == (first["ok"], second["error_code"], asked["ok"])


async def test_a_bounded_server_forgets_files(http: ClientSession) -> None:
    """Where no calls are kept, the oldest of a thousand files are forgotten."""
    async with BotApiServer(record_calls=False) as server:
        sara = server.person("Sara")
        first, *_, last = [await sara.send_voice() for _ in range(1_001)]
        url = f"{server.url}/bot{server.token}/sendVoice"
        answers = [await http.post(url, data={"chat_id": sara.id, "voice": each.file_id}) for each in (first, last)]

        assert [400, 200] == [answer.status for answer in answers]
