"""How fast calls are made: so many a second, a burst after a rest, the most urgent first."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.ids import PersonId
from bot.domain.outgoing import Urgency
from bot.telegram.limits import Gate, Limits, Pace


@dataclass
class Now:
    """An instant that a test moves."""

    at: float = 100.0

    def __call__(self) -> float:
        """Return where it stands."""
        return self.at


def taken_at(pace: Pace, calls: int, *, start: float = 100.0) -> list[float]:
    """Return when each call is made by somebody who makes it as soon as it is allowed."""
    moments = [start]
    for _ in range(calls):
        moments.append(moments[-1] + pace.delay(moments[-1]))
        pace.take(moments[-1])
    return moments[1:]


def test_a_burst_and_then_the_pace() -> None:
    """After a rest so many pass at once; then one at a time."""
    assert [100, 100, 100, 100.5, 101] == taken_at(Pace(2, 3), 5)


def test_rest_earns_the_burst_again() -> None:
    """Two intervals of rest are two more at once, and no rest is worth more than a whole burst."""
    pace = Pace(1, 3)
    taken_at(pace, 3)

    assert [102, 102, 103] == taken_at(pace, 3, start=102)
    assert [1000, 1000, 1000, 1001] == taken_at(pace, 4, start=1000)


@given(
    st.floats(0.1, 50),
    st.integers(0, 30),
    st.lists(st.floats(0, 5), min_size=1, max_size=60),
)
def test_no_window_holds_more_than_it_may(per_second: float, burst: int, gaps: list[float]) -> None:
    """However calls arrive, no stretch of time holds more than the burst and what the pace allows in it."""
    pace, now, made = Pace(per_second, burst), 0.0, []
    for gap in gaps:
        now += gap
        now += pace.delay(now)
        pace.take(now)
        made.append(now)
    most = max(burst, 1)

    assert [] == [
        (first, last)
        for first in range(len(made))
        for last in range(first, len(made))
        if last - first + 1 > most + (made[last] - made[first]) * per_second + 1e-3
    ]


def test_idle_is_as_good_as_new() -> None:
    """A chat's pace can be forgotten exactly when nothing of it counts any more."""
    pace = Pace(1, 20)
    pace.take(100)

    assert [False, True] == [pace.is_idle(now) for now in (100.9, 101)]


async def test_without_a_limit_nothing_waits() -> None:
    """0 switches a limit off."""
    limits = Limits(per_second=0, per_chat_per_second=0, per_chat_burst=0, now=Now())
    entering = asyncio.gather(*(limits.enter(PersonId(1), Urgency.SCREEN) for _ in range(1000)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    assert entering.done()


async def test_the_most_urgent_goes_first_at_the_gate() -> None:
    """Whoever came first: a crisis before a conversation before screens before bulk; among equals the first."""
    now, order = Now(), list[str]()
    gate = Gate(Pace(200, 1), now)
    await gate.enter(Urgency.BULK)

    async def enter(name: str, urgency: Urgency) -> None:
        await gate.enter(urgency)
        order.append(name)
        now.at += 1

    async with asyncio.TaskGroup() as group:
        for name, urgency in [
            ("bulk", Urgency.BULK),
            ("screen", Urgency.SCREEN),
            ("first", Urgency.CONVERSATION),
            ("second", Urgency.CONVERSATION),
            ("crisis", Urgency.CRISIS),
        ]:
            group.create_task(enter(name, urgency))

    assert ["crisis", "first", "second", "screen", "bulk"] == order


async def test_who_gives_up_at_the_gate_takes_nobodys_turn() -> None:
    """A call that is cancelled while it waits is passed over, and costs nothing."""
    now = Now()
    gate = Gate(Pace(200, 1), now)
    await gate.enter(Urgency.SCREEN)
    impatient = asyncio.create_task(gate.enter(Urgency.CRISIS))
    patient = asyncio.create_task(gate.enter(Urgency.SCREEN))
    await asyncio.sleep(0)
    impatient.cancel()
    await patient

    assert impatient.cancelled()


async def test_a_chat_at_its_limit_holds_up_no_other() -> None:
    """While one chat waits for its own pace, another passes."""
    limits = Limits(per_second=0, per_chat_per_second=0.001, per_chat_burst=1, now=Now())
    await limits.enter(PersonId(1), Urgency.SCREEN)
    held = asyncio.create_task(limits.enter(PersonId(1), Urgency.CRISIS))
    await asyncio.sleep(0)
    await limits.enter(PersonId(2), Urgency.BULK)
    is_held = not held.done()
    held.cancel()

    assert is_held
