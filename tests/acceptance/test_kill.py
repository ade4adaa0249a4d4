"""Killed at random moments, the bot loses nothing, keeps the order, and repeats at most one message for each chat and kill."""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

import psycopg
import pytest

from bot.playground import BotApiServer, Call, Person
from tests.acceptance.program import UNLIMITED, Programs
from tests.acceptance.steps import converse, enrol

PAIRS = 4
LATENCY_SECONDS = (0.005, 0.05)
LONGEST_LIFE_SECONDS = 1.6  #: of a bot until it is killed, from the start of its process
FINISH_SECONDS = 60.0


@dataclass
class Arrivals:
    """What arrived in each chat, in order, with the number of kills before it."""

    kills: int = 0
    by_chat: dict[int, list[tuple[int, int]]] = field(default_factory=dict[int, list[tuple[int, int]]])  #: (kills, number)

    def note(self, call: Call) -> None:
        """Take in a call of the bot that was performed."""
        number = str(call.params.get("text", "")).rpartition("#")[2]
        if call.method == "sendMessage" and call.status in (0, 200) and number.isdigit():
            self.by_chat.setdefault(call.chat_id or 0, []).append((self.kills, int(number)))

    def lost(self, expected: Iterable[tuple[int, int]]) -> int:
        """Count those of the (chat, number) that never arrived."""
        arrived = {(chat, number) for chat, all_of in self.by_chat.items() for _, number in all_of}
        return len(set(expected) - arrived)

    def out_of_order(self) -> int:
        """Count what arrived after something later; the same again right behind it is a repeat, not a disorder."""
        chats = ([number for _, number in all_of] for all_of in self.by_chat.values())
        return sum(later < earlier for chat in chats for earlier, later in pairwise(chat))

    def repeats(self) -> dict[tuple[int, int], int]:
        """Count what arrived again, by chat and by the kill before it."""
        counted: dict[tuple[int, int], int] = {}
        for chat, all_of in self.by_chat.items():
            seen: set[int] = set()
            for kills, number in all_of:
                if number in seen:
                    counted[chat, kills] = counted.get((chat, kills), 0) + 1
                seen.add(number)
        return counted


async def write(people: list[Person], count: int, chance: random.Random, *, seconds: float) -> None:
    """Have *people* write *count* messages in all, each numbered in its own chat, spread over *seconds*."""
    numbers = dict.fromkeys((person.id for person in people), 0)
    for _ in range(count):
        writer = chance.choice(people)
        numbers[writer.id] += 1
        await writer.send(f"#{numbers[writer.id]}")
        await asyncio.sleep(chance.uniform(0, 2 * seconds / count))


@pytest.mark.parametrize(
    ("environment", "messages", "kills"), [("sqlite", 1000, 20), ("postgresql", 300, 6)], indirect=["environment"]
)
@pytest.mark.timeout(180)
async def test_nothing_is_lost_when_the_bot_is_killed(
    server: BotApiServer, programs: Programs, messages: int, kills: int
) -> None:
    """Of messages in both directions of several conversations none is lost, none overtakes another, however often it is killed.

    On PostgreSQL the next process would wait 15 s for the lease of the dead one; the test makes these pass at once.
    """
    chance, began = random.Random(20), asyncio.get_running_loop().time()
    students, counselors = await conversations(server, programs)
    people, arrivals = [*students, *counselors], Arrivals()
    server.latency, server.on_call = LATENCY_SECONDS, arrivals.note

    writing = asyncio.create_task(write(people, messages, chance, seconds=kills * 1.3))
    for _ in range(kills):
        await asyncio.sleep(chance.uniform(0, LONGEST_LIFE_SECONDS))
        await programs.started[-1].kill()
        await performed(server)
        arrivals.kills += 1
        let_the_lease_run_out(programs.environment["DATABASE_URL"])
        await programs.start(waits=False, **UNLIMITED)
    await writing
    pairs = [*zip(students, counselors, strict=True), *zip(counselors, students, strict=True)]
    expected = [(listener.id, number + 1) for writer, listener in pairs for number in range(written(writer))]
    await server.wait_for(lambda: not arrivals.lost(expected), FINISH_SECONDS, "everything arrived")

    repeats = arrivals.repeats()
    report(programs, messages, kills, arrivals, expected, asyncio.get_running_loop().time() - began)
    assert messages == len(expected)
    assert sum(map(len, arrivals.by_chat.values())) == sum("#" in text for person in people for text in person.received)
    assert 0 == arrivals.lost(expected)
    assert 0 == arrivals.out_of_order()
    assert {} == {where: count for where, count in repeats.items() if count > 1}


async def conversations(server: BotApiServer, programs: Programs) -> tuple[list[Person], list[Person]]:
    """Start the bot and bring students and counselors together, each with one other."""
    await programs.start(**UNLIMITED)
    students = [server.person(f"Student {number}") for number in range(PAIRS)]
    counselors = [server.person(f"Counselor {number}") for number in range(PAIRS)]
    for student, counselor in zip(students, counselors, strict=True):
        await enrol(programs, counselor, counselor.first_name, "other")
        await converse(student, counselor)
    return students, counselors


async def performed(server: BotApiServer) -> None:
    """Wait until the server has dealt with everything that the dead process had sent."""
    assert server._runner is not None
    assert server._runner.server is not None
    while server._runner.server.connections:
        await asyncio.sleep(0)
    for _ in range(5):  # the handlers of its calls were cancelled, and end now
        await asyncio.sleep(0)


def let_the_lease_run_out(url: str) -> None:
    """Make the lease of a dead process end at once, where the database is one that has leases."""
    if url.startswith("postgresql"):
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("DELETE FROM lease")


def written(person: Person) -> int:
    """Return how many numbered messages somebody wrote."""
    return sum(message.text.startswith("#") for message in person.chat)


def report(
    programs: Programs, messages: int, kills: int, arrivals: Arrivals, expected: list[tuple[int, int]], seconds: float
) -> None:
    """Print the figures; seen with ``-s``."""
    database = programs.environment["DATABASE_URL"].partition(":")[0]
    sys.stderr.write(
        f"\n{database}: {messages} messages in {2 * PAIRS} chats, {kills} kills: {arrivals.lost(expected)} lost, "
        f"{arrivals.out_of_order()} out of order, {sum(arrivals.repeats().values())} repeated "
        f"(at most {max(arrivals.repeats().values(), default=0)} for a chat and a kill), {seconds:.0f} s\n"
    )
