"""Our Telegram, watched: when each message was written, given to the bot, brought back by it, and answered for."""

from __future__ import annotations

import re
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.app import utc_now
from bot.playground import BotApiServer, Call, Person
from bot.playground.updates import Update, UpdateQueue
from bot.playground.waiting import Bell

_EPOCH = utc_now().timestamp() - time.perf_counter()
_MARK = re.compile(r"#(\d+)\.(\d+)\b")
_FILLER = "I have not slept well this week & the exam is on Monday <3, what would you do?"

Mark = tuple[int, int]  #: the number of a line and the place of the message on it


def now() -> float:
    """Return seconds since the epoch, by a clock that never jumps."""
    return _EPOCH + time.perf_counter()


def mark_of(text: str) -> Mark | None:
    """Return which of our messages a text is; None where it is none."""
    found = _MARK.search(text)
    return (int(found[1]), int(found[2])) if found else None


@dataclass(slots=True)
class Line:
    """One direction of one conversation."""

    number: int
    writer: Person
    reader_id: int
    written: int = 0
    arrived: int = 0

    @property
    def outstanding(self) -> int:
        """How many messages are on their way."""
        return self.written - self.arrived


@dataclass(frozen=True, slots=True)
class Arrival:
    """One ``sendMessage`` that carried a message of ours."""

    mark: Mark
    chat_id: int
    came_at: float  #: at the server, before its latency
    answered_at: float
    chat_free_at: float  #: when the call before it in this chat was answered


@dataclass(slots=True)
class Journal:
    """What was seen since the last ``clear``."""

    written_at: dict[Mark, float] = field(default_factory=dict[Mark, float])
    given_at: dict[Mark, float] = field(default_factory=dict[Mark, float])
    arrivals: list[Arrival] = field(default_factory=list[Arrival])

    def clear(self) -> None:
        """Forget everything."""
        self.written_at.clear()
        self.given_at.clear()
        self.arrivals.clear()

    def lost(self) -> int:
        """Count the messages that were written and never came."""
        return len(self.written_at.keys() - {arrival.mark for arrival in self.arrivals})

    def repeated(self) -> int:
        """Count the messages that came more than once, each time but the first."""
        return len(self.arrivals) - len({arrival.mark for arrival in self.arrivals})

    def out_of_order(self) -> int:
        """Count the messages that came after a later one of their line, or while another was in flight in their chat."""
        newest: dict[int, int] = defaultdict(lambda: -1)
        wrong = 0
        for arrival in sorted(self.arrivals, key=lambda arrival: arrival.came_at):
            line, place = arrival.mark
            wrong += place < newest[line] or arrival.came_at < arrival.chat_free_at
            newest[line] = max(newest[line], place)
        return wrong

    def own_share(self) -> list[float]:
        """Return the seconds that the bot took for each message, without those that Telegram took.

        From the moment when it was given the update, and when Telegram had answered for the call before in the same chat
        (to keep the order there is one call in flight), to the arrival of the call.
        """
        return [one.came_at - max(self.given_at[one.mark], one.chat_free_at) for one in self.arrivals]

    def since_written(self) -> list[float]:
        """Return the seconds from when a message was written to the arrival of the call, all waiting included."""
        return [one.came_at - self.written_at[one.mark] for one in self.arrivals]


class WatchedUpdates(UpdateQueue):
    """The updates that wait for the bot; notes when it is given one."""

    def __init__(self, bell: Bell, journal: Journal) -> None:
        super().__init__(now, 100_000_000, bell)
        self._journal = journal

    async def take(self, offset: int, limit: int, timeout: float) -> list[Update]:  # noqa: ASYNC109 -- a parameter of the API
        """Give updates, as Telegram does."""
        updates = await super().take(offset, limit, timeout)
        given_at = now()
        for update in updates:
            mark = mark_of(update.payload.get("message", {}).get("text", ""))
            if mark is not None:
                self._journal.given_at.setdefault(mark, given_at)
        return updates


class Telegram:
    """A server, its people, and the lines on which they write."""

    def __init__(self, seed: int) -> None:
        self.journal = Journal()
        self.server = BotApiServer(clock=now, seed=seed, record_calls=False)
        self.server.world.updates = WatchedUpdates(self.server.world.bell, self.journal)
        self.server.on_call = self._called
        self.lines: list[Line] = []
        self.called_at = now()  #: when the bot last called anything but getUpdates
        self.on_arrival: Callable[[Line], None] | None = None
        self._chat_free_at: dict[int, float] = {}

    @property
    def base(self) -> str:
        """The address of the bot's methods."""
        return f"{self.server.url}/bot{self.server.token}"

    def connect(self, writer_id: int, reader_id: int) -> None:
        """Add a line between two people who are known to the bot already."""
        self.lines.append(Line(len(self.lines), self.know(writer_id), reader_id))

    async def write(self, line: Line) -> None:
        """Let the writer of a line write the next message."""
        mark = (line.number, line.written)
        line.written += 1
        self.journal.written_at[mark] = now()
        await line.writer.send(f"#{mark[0]}.{mark[1]} {_FILLER}")

    def clear(self) -> None:
        """Forget what was seen; what has not come until now is not waited for any more."""
        self.journal.clear()
        for line in self.lines:
            line.arrived = line.written

    def know(self, user_id: int) -> Person:
        """Return somebody who is known to the bot already."""
        person = self.server.people.get(user_id) or self.server.person(f"P{user_id}", user_id=user_id)
        person.private_chat.status = "open"  # as if they had written before
        return person

    def _called(self, call: Call) -> None:
        if call.method == "getUpdates":
            return
        answered_at = self.called_at = now()
        if call.method != "sendMessage" or call.chat_id is None:
            return
        free_at = self._chat_free_at.get(call.chat_id, 0.0)
        self._chat_free_at[call.chat_id] = answered_at
        mark = mark_of(str(call.params["text"]))
        if mark is None or call.status != 200:
            return
        line = self.lines[mark[0]]
        line.arrived += 1
        self.journal.arrivals.append(Arrival(mark, call.chat_id, call.at, answered_at, free_at))
        if self.on_arrival is not None:
            self.on_arrival(line)
