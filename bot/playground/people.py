"""Scripted people: they write, press, edit, block, and see what the bot says to them; what they write is in ``writing``."""

from __future__ import annotations

from dataclasses import dataclass

from bot.playground.keyboards import find_inline, find_reply, keyboard_labels
from bot.playground.messages import Message
from bot.playground.state import Query, World
from bot.playground.updates import QUERY_LIVES_SECONDS
from bot.playground.wire import Json
from bot.playground.writing import Writer

_TOLD = 10  # messages that a failure shows


@dataclass(slots=True, frozen=True)
class Press:
    """A button that was pressed: a query to be answered, or the text that a reply keyboard sent."""

    person: Person
    message: Message  #: the message with the button, or the text that was sent
    query: Query | None = None

    @property
    def query_id(self) -> str:
        """The id of the callback query; empty for a reply keyboard."""
        return self.query.query_id if self.query else ""

    async def answered(self, timeout: float = 10.0) -> str | None:  # noqa: ASYNC109 -- ends in a story, not in TimeoutError
        """Wait for the answer; gives its text, None for an answer without one.

        Raises:
            AssertionError: No answer within *timeout* seconds.
        """
        return await self.person.answered(self.query_id, timeout)


class Person(Writer):
    """One user of Telegram in a private chat with the bot; made by ``server.person("Sara")``."""

    def __init__(self, world: World, user: Json) -> None:
        super().__init__(world, user)
        self._cursor = 0

    def __repr__(self) -> str:
        return f"<{self.first_name} {self.id}>"

    @property
    def id(self) -> int:
        """Her Telegram id, which is also the id of her private chat."""
        return self.user["id"]

    @property
    def username(self) -> str | None:
        """Her username without @, None where she has none."""
        return self.user.get("username")

    @property
    def language_code(self) -> str:
        """The language of her client."""
        return self.user["language_code"]

    # -- what she presses -------------------------------------------------------------------------------------------

    async def press(self, label: str, *, in_message: Message | None = None) -> Press:
        """Press the button whose text contains *label*: in the newest message that has one, or in *in_message*.

        In one message the very text wins over a part of it. Where no inline button fits, a button of the reply
        keyboard does, which sends its text.

        Raises:
            AssertionError: She sees no such button; lists those that she sees.
        """
        for message in [in_message] if in_message else reversed(self.private_chat.messages.values()):
            if button := find_inline(message.reply_markup, label):
                return await self.press_data(button["callback_data"], in_message=message)
        text = find_reply(self.private_chat.keyboard, label)
        if in_message or text is None:
            raise AssertionError(f"{self.first_name} sees no button {label!r}; she sees: {self.visible_buttons}{self._story()}")
        return Press(self, await self.send(text))

    async def press_data(self, data: str, *, in_message: Message | None = None) -> Press:
        """Send a press with any data, as a forged client can; in the bot's newest message unless told.

        Raises:
            AssertionError: The bot never wrote to her.
        """
        message = in_message or self.last
        if message is None:
            raise AssertionError(f"{self.first_name} has no message of the bot to press in")
        query = self._world.new_query(data)
        body: Json = {"id": query.query_id, "from": self.user, "message": message.to_dict(), "data": data}
        body["chat_instance"] = str(-7_919 * self.id)
        self._world.updates.put("callback_query", body, lives_seconds=QUERY_LIVES_SECONDS)
        return Press(self, message, query)

    # -- what she sees ----------------------------------------------------------------------------------------------

    @property
    def chat(self) -> list[Message]:
        """Her messages and the bot's, in order, without deleted ones."""
        return list(self.private_chat.messages.values())

    @property
    def bot_messages(self) -> list[Message]:
        """The bot's messages, in order."""
        return [message for message in self.private_chat.messages.values() if message.is_from_bot]

    @property
    def received(self) -> list[str]:
        """The texts and captions of the bot's messages as they read now, in the order of arrival."""
        return [message.words for message in self.bot_messages]

    @property
    def last(self) -> Message | None:
        """The bot's newest message; None where there is none."""
        return next((each for each in reversed(self.private_chat.messages.values()) if each.is_from_bot), None)

    @property
    def visible_buttons(self) -> list[str]:
        """The labels of all inline buttons in her chat, newest message first, then those of the reply keyboard."""
        messages = [each for each in reversed(self.private_chat.messages.values()) if each.inline_keyboard]
        rows = [row for message in messages for row in message.buttons]
        return [label for row in [*rows, *keyboard_labels(self.private_chat.keyboard)] for label in row]

    def mark(self) -> int:
        """Give the place behind everything that happened in her chat so far, for ``see(after=…)``."""
        return self.private_chat.end

    def catch_up(self) -> None:
        """Take everything that is there as seen: the next ``see`` only finds what comes from now on."""
        self._cursor = self.mark()

    async def see(
        self,
        part: str = "",
        *,
        kind: str | None = None,
        edited: bool | None = None,
        timeout: float = 10.0,  # noqa: ASYNC109
        after: Message | int | None = None,
    ) -> Message:
        """Wait until the bot says something that contains *part*, and give that message.

        Everything that the bot sends her, and each change of a text or caption, is an event in her chat, in order. She has one
        cursor into them. ``see`` takes the first event *behind the cursor* that contains *part* and moves the cursor
        behind it: what was before counts as seen, so that no test passes on an old message, and what is said between
        the call before and this one is not missed. Writing and pressing do not move the cursor (an answer may be
        quicker than the next line of a test); ``catch_up`` does. A change of buttons alone is no event, and
        a message that was deleted meanwhile was seen all the same.

        Args:
            part: What the text or caption contains; the empty text fits the next event.
            kind: What the message has to be: "photo", "text" and so on.
            edited: True for changes only, False for new messages only.
            timeout: Seconds to wait.
            after: Look behind this message's newest event, or behind a ``mark()``, in place of the cursor.

        Raises:
            AssertionError: Nothing like it in time; shows her last messages.
        """
        start = self._cursor if after is None else after.seen_at if isinstance(after, Message) else after
        position = start

        def probe() -> Message | None:
            nonlocal position
            message, position = self.private_chat.search(position, lambda event: event.fits(part, kind, is_edit=edited))
            return message

        found = await self.private_chat.bell.wait_until(probe, timeout)
        if found is None:
            raise AssertionError(
                f"{self.first_name} did not see {_wanted(part, kind, edited)} within {timeout} s{self._story(start)}"
            )
        self._cursor = max(position, self._cursor)
        return found

    async def answered(self, query_id: str, timeout: float = 10.0) -> str | None:  # noqa: ASYNC109 -- as see
        """Wait until the bot answers a press of hers; gives the text, None for an answer without one.

        Raises:
            AssertionError: No answer within *timeout* seconds, or no such query.
        """
        query = self._world.queries.get(query_id)
        if query is None:
            raise AssertionError(f"{self.first_name} made no press with the id {query_id!r}")
        if await query.bell.wait_until(lambda: query.is_answered or None, timeout) is None:
            raise AssertionError(f"{self.first_name} got no answer to {query.data!r} within {timeout} s{self._story()}")
        return query.text

    def _story(self, cursor: int | None = None) -> str:
        """Tell her last messages, for a failure."""
        lines = [_told(message, cursor) for message in self.chat[-_TOLD:]]
        return "\nher last messages:\n" + ("\n".join(lines) or "  (none)")


def _wanted(part: str, kind: str | None, edited: bool | None) -> str:  # noqa: FBT001
    return f"{part!r}{f' of the kind {kind}' if kind else ''}{f' with edited={edited}' if edited is not None else ''}"


def _told(message: Message, cursor: int | None) -> str:
    who = "bot" if message.is_from_bot else message.sender["first_name"]
    seen = " (seen)" if cursor is not None and message.is_from_bot and message.seen_at <= cursor else ""
    kind = f"{message.kind} " if message.kind != "text" else ""
    buttons = f"  {message.buttons}" if message.buttons else ""
    return f"  {message.message_id} {who}{seen}: {kind}{message.words!r}{buttons}"
