"""Everything that our Telegram remembers: the bot, chats, queries, commands, updates."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field

from bot.playground.files import Files
from bot.playground.messages import Chat, ChatStatus, Message
from bot.playground.updates import QUERY_LIVES_SECONDS, UpdateQueue
from bot.playground.waiting import Bell
from bot.playground.wire import ApiError, Clock, Json, bad_request

KEPT_MESSAGES = 200  #: messages of a chat that stay where memory is bounded
ANSWER_WITHIN_SECONDS = 15.0  #: after that an answer to a press is refused; undocumented, 15 s is what bots report
_MAX_QUERIES = 10_000


@dataclass(slots=True, eq=False)
class Query:
    """A press that may be answered once."""

    query_id: str
    data: str
    at: float
    is_answered: bool = False
    text: str | None = None
    show_alert: bool = False
    bell: Bell = field(default_factory=Bell)


class World:
    """The state of one server."""

    def __init__(self, token: str, clock: Clock, *, seed: int, is_bounded: bool) -> None:
        self.clock = clock
        self.rng = random.Random(seed)  # noqa: S311 -- nothing secret, and runs must be repeatable
        bot_id = int(token.partition(":")[0])
        self.bot: Json = {"id": bot_id, "is_bot": True, "first_name": "Playground bot", "username": "playground_bot"}
        self.bell = Bell()
        self.updates = UpdateQueue(clock, self.rng.randrange(100_000_000, 900_000_000), self.bell)
        self.chats: dict[int, Chat] = {}
        self.queries: dict[str, Query] = {}
        self.files = Files(self.rng, is_bounded=is_bounded)
        self.commands: dict[str, list[Json]] = {}
        self.webhook_url = ""
        self.answer_within_seconds = ANSWER_WITHIN_SECONDS
        self._keep = KEPT_MESSAGES if is_bounded else None
        self._last_message_id = self.rng.randrange(10, 1_000)

    def now(self) -> int:
        """Give the time as Telegram writes it."""
        return int(self.clock())

    def next_message_id(self) -> int:
        """Count messages; a bot has one sequence for all its private chats."""
        self._last_message_id += 1
        return self._last_message_id

    def open_chat(self, info: Json, status: ChatStatus = "open") -> Chat:
        """Give the chat that *info* describes, new where it is not known."""
        chat = self.chats.get(info["id"])
        if chat is None:
            chat = self.chats[info["id"]] = Chat(info, status=status, keep=self._keep)
        return chat

    def chat_to_write_to(self, chat_id: int) -> Chat:
        """Give a chat that the bot may write to.

        Raises:
            ApiError: The bot does not know it, or the person does not want it.
        """
        chat = self.chats.get(chat_id)
        if chat is None or chat.status == "silent":
            raise bad_request("chat not found")
        if chat.status == "blocked":
            raise ApiError(403, "Forbidden: bot was blocked by the user")
        if chat.status == "deactivated":
            raise ApiError(403, "Forbidden: user is deactivated")
        return chat

    def post(self, chat: Chat, message: Message) -> Message:
        """Put *message* into *chat*."""
        chat.add(message)
        self.bell.ring()
        return message

    def new_query(self, data: str) -> Query:
        """Register a press."""
        self._forget_old_queries()
        query = Query(str(self.rng.getrandbits(62)), data, self.clock())
        self.queries[query.query_id] = query
        return query

    def _forget_old_queries(self) -> None:
        oldest = next(iter(self.queries.values()), None)
        while oldest and (self.clock() - oldest.at > QUERY_LIVES_SECONDS or len(self.queries) >= _MAX_QUERIES):
            del self.queries[oldest.query_id]
            oldest = next(iter(self.queries.values()), None)

    def answer_query(self, query_id: str, text: str | None, *, show_alert: bool) -> None:
        """Answer a press.

        Raises:
            ApiError: It is unknown, was answered, or came too long ago; Telegram says the same for each.
        """
        query = self.queries.get(query_id)
        if query is None or query.is_answered or self.clock() - query.at > self.answer_within_seconds:
            raise bad_request("query is too old and response timeout expired or query ID is invalid")
        query.is_answered, query.text, query.show_alert = True, text, show_alert
        query.bell.ring()
        self.bell.ring()

    def commands_key(self, scope: object, language_code: str) -> str:
        """Give the key that commands of this scope and language are kept under."""
        return json.dumps([scope or {"type": "default"}, language_code], sort_keys=True)
