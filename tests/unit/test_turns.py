"""Waiting in line: so many places, the most urgent first, and nobody who has left is waited for."""

from __future__ import annotations

import asyncio

import pytest

from bot.storage.turns import Line


async def waiting_in(line: Line, *urgencies: int) -> tuple[list[asyncio.Task[None]], list[int]]:
    """Have somebody wait for each of these urgencies; return them, and the list of who has come in, by number."""
    inside = list[int]()

    async def come_in(number: int, urgency: int) -> None:
        await line.acquire(urgency)
        inside.append(number)

    waiting = [asyncio.create_task(come_in(number, urgency)) for number, urgency in enumerate(urgencies)]
    await asyncio.sleep(0)
    return waiting, inside


async def let_in(line: Line, times: int = 1) -> None:
    """Free so many places, and let whoever gets them come in."""
    for _ in range(times):
        line.release()
        await asyncio.sleep(0)


@pytest.mark.parametrize("places", [1, 2, 5])
async def test_there_is_room_for_so_many(places: int) -> None:
    """As many come in at once as there are places, whatever their urgency; each place that is freed lets in one more."""
    line = Line(places)
    waiting, inside = await waiting_in(line, *([3] * (places + 2)))
    before = len(inside)
    await let_in(line, 2)
    await asyncio.gather(*waiting)

    assert (places, places + 2) == (before, len(inside))


async def test_urgency_first_then_arrival() -> None:
    """A place that becomes free goes to the lowest number, and among equals to who asked first."""
    line = Line(2)
    waiting, inside = await waiting_in(line, 9, 9, 3, 1, 3, 0, 1)
    await let_in(line, 5)
    await asyncio.gather(*waiting)

    assert [0, 1, 5, 3, 6, 2, 4] == inside


async def test_who_comes_late_overtakes_nobody_who_is_as_urgent() -> None:
    """A place that has just been given to who waited is not free for who comes in between."""
    line = Line()
    waiting, inside = await waiting_in(line, 1, 1)
    line.release()  # the second one's, who has not been told yet
    late = asyncio.create_task(line.acquire(1))
    await asyncio.gather(*waiting)
    is_late_in = late.done()
    line.release()
    await late

    assert ([0, 1], False) == (inside, is_late_in)


async def test_who_leaves_while_waiting_is_passed_over() -> None:
    """The place goes to the next one behind them."""
    line = Line()
    waiting, inside = await waiting_in(line, 1, 0, 1)
    waiting[1].cancel()
    await asyncio.wait({waiting[1]})
    await let_in(line)

    assert [0, 2] == inside


async def test_who_leaves_with_the_place_in_hand_gives_it_on() -> None:
    """Cancelled in the moment in which the place became their own: it is not lost, and the next most urgent has it."""
    line = Line(2)
    waiting, inside = await waiting_in(line, 1, 1, 0, 3, 2)
    line.release()  # the third one's from now on
    waiting[2].cancel()
    await asyncio.wait({waiting[2]})
    await asyncio.sleep(0)

    assert (True, [0, 1, 4]) == (waiting[2].cancelled(), inside)
    waiting[3].cancel()
    await asyncio.wait({waiting[3]})


async def test_where_all_have_left_the_places_are_free_again() -> None:
    """After any number of those who gave up there are as many places as in the beginning."""
    line = Line(2)
    waiting, _ = await waiting_in(line, *range(6))
    for one in waiting[2:]:
        one.cancel()
    await asyncio.wait(waiting)
    await let_in(line, 2)
    again, inside = await waiting_in(line, 1, 1, 1)

    assert [0, 1] == inside
    again[2].cancel()
    await asyncio.wait(again)
