"""A Telegram of our own: a Bot API server on loopback with scripted people, for the demo, the tests and the benches.

It knows nothing of the bot. ``tests/integration/playground`` shows how it is used.
"""

from __future__ import annotations

from bot.playground.attachments import Attachment, animation, audio, document, photo, sticker, video, video_note, voice
from bot.playground.faults import Fault
from bot.playground.limits import FloodLimits
from bot.playground.messages import Message
from bot.playground.people import Person, Press
from bot.playground.server import TOKEN, BotApiServer, Call
from bot.playground.wire import Upload

__all__ = [
    "TOKEN",
    "Attachment",
    "BotApiServer",
    "Call",
    "Fault",
    "FloodLimits",
    "Message",
    "Person",
    "Press",
    "Upload",
    "animation",
    "audio",
    "document",
    "photo",
    "sticker",
    "video",
    "video_note",
    "voice",
]
