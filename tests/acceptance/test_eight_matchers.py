"""Eight processes match the same queue at the same moment, again and again, while people answer: nobody gets too much."""

from __future__ import annotations

import asyncio
import json
import random
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot import app as root
from bot.app import App
from bot.domain.errors import BotError
from bot.domain.ids import OfferId
from bot.domain.people import Actor
from bot.settings import load
from bot.storage.database import DatabaseBusy
from tests.support import Cast, change, rows

MATCHERS, ROUNDS, COUNSELORS, STUDENTS, CAPACITY = 8, 50, 6, 14, 3
TOPICS = ["mental_emotional", "academic_career", "crisis_substance", "other"]

#: Each finds what must never be.
WRONG = {
    "a counselor beyond their capacity": f"""
        SELECT id FROM counselor
         WHERE (SELECT count(*) FROM session WHERE counselor_id = counselor.id AND state = 'active')
             + (SELECT count(*) FROM offer WHERE counselor_id = counselor.id AND outcome IS NULL) > {CAPACITY}
    """,
    "offered twice though it is no crisis": """
        SELECT session_id FROM offer JOIN session ON session.id = offer.session_id
         WHERE outcome IS NULL AND priority = 0 GROUP BY session_id HAVING count(*) > 1
    """,
    "offered twice to the same counselor": """
        SELECT session_id FROM offer WHERE outcome IS NULL GROUP BY session_id, counselor_id HAVING count(*) > 1
    """,
    "offered without an open offer": """
        SELECT id FROM session
         WHERE state = 'offered' AND NOT EXISTS (SELECT 1 FROM offer WHERE session_id = session.id AND outcome IS NULL)
    """,
    "an open offer of what is not offered": """
        SELECT offer.id FROM offer JOIN session ON session.id = offer.session_id
         WHERE outcome IS NULL AND state <> 'offered'
    """,
    "an offer without a message": "SELECT id FROM offer WHERE delivery_id IS NULL",
    "two moves to offered with none between": """
        SELECT later.id FROM session_event AS later
         WHERE later.to_state = 'offered' AND 'offered' = (
               SELECT to_state FROM session_event AS earlier
                WHERE earlier.session_id = later.session_id AND earlier.id < later.id ORDER BY id DESC LIMIT 1)
    """,
}


@dataclass(frozen=True)
class Matcher:
    """A process that matches whenever it is told to."""

    process: asyncio.subprocess.Process

    @classmethod
    async def start(cls, environment: Mapping[str, str]) -> Matcher:
        """Start it."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, __file__, json.dumps(dict(environment))),
            cwd=Path(__file__).parents[2],
            env={"PYTHONPATH": str(Path(__file__).parents[2])},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        found = cls(process)
        assert "ready" == await found.answer()
        return found

    def tell(self) -> None:
        """Have it match."""
        assert self.process.stdin is not None
        self.process.stdin.write(b"match\n")

    async def answer(self) -> str:
        """Return what it says."""
        assert self.process.stdout is not None
        return (await self.process.stdout.readline()).decode().strip()

    async def end(self) -> None:
        """End it."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        await self.process.wait()


async def answer_some(app: App, counselors: list[Actor], chance: random.Random) -> None:
    """Have counselors accept, decline and end, and students come anew, so that the next round is another one."""
    by_id = {actor.me: actor for actor in counselors}
    for row in await rows(app, "SELECT id, counselor_id FROM offer WHERE outcome IS NULL ORDER BY id"):
        deed = chance.choice([app.offering.accept, app.offering.decline, None])
        if deed is not None:
            await asyncio.gather(deed(by_id[row["counselor_id"]], OfferId(row["id"])), return_exceptions=True)
    for row in await rows(app, "SELECT alias, counselor_id FROM session WHERE state = 'active'"):
        if chance.random() < 0.8:
            await app.closing.end(by_id[row["counselor_id"]], row["alias"])
    await change(app, "UPDATE offer SET answered_at = offered_at WHERE outcome = 'declined'")
    await ask_all(app, chance)


async def ask_all(app: App, chance: random.Random) -> None:
    """Have everybody ask who has nothing open."""
    cast = Cast(app)
    for number in range(STUDENTS):
        try:
            await cast.request(await cast.student(1001 + number), chance.choice(TOPICS))
        except BotError:
            continue


@pytest.mark.slow
async def test_eight_matchers_make_no_offer_too_many(app: App, cast: Cast, environment: dict[str, str]) -> None:
    """Fifty rounds: each rule holds behind each of them, and what could be offered was."""
    chance = random.Random(1)
    counselors = [await cast.counselor(2001 + number, f"C{number}", *chance.sample(TOPICS, 2)) for number in range(COUNSELORS)]
    await ask_all(app, chance)
    matchers = await asyncio.gather(*(Matcher.start(environment) for _ in range(MATCHERS)))
    try:
        made = 0
        for round_ in range(ROUNDS):
            for matcher in matchers:
                matcher.tell()
            answers = [await matcher.answer() for matcher in matchers]
            made += sum(int(answer) for answer in answers if answer.isdigit())

            assert [] == [answer for answer in answers if not answer.isdigit() and answer != "busy"]
            assert [] == [name for name, sql in WRONG.items() if await rows(app, sql)], f"round {round_}"
            assert [] == await app.matching.match_waiting(limit=100) or "busy" in answers, f"round {round_}"
            await answer_some(app, counselors, chance)
    finally:
        await asyncio.gather(*(matcher.end() for matcher in matchers))

    assert made > ROUNDS


async def serve(environment: dict[str, str]) -> None:
    """Be a matcher: match at each line that comes in, and say how many offers were made."""
    settings = load(environment, None)
    async with root.opened(settings, kind="matcher", is_guest=True) as app:
        print("ready", flush=True)  # noqa: T201 -- the parent listens
        while await asyncio.to_thread(sys.stdin.readline):
            try:
                print(len(await app.matching.match_waiting(limit=100)), flush=True)  # noqa: T201
            except DatabaseBusy:
                print("busy", flush=True)  # noqa: T201


if __name__ == "__main__":
    asyncio.run(serve(json.loads(sys.argv[1])))
