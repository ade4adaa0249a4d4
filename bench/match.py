"""``python -m bench match``: how long it takes to match a long queue, and how good the choice is."""

from __future__ import annotations

import asyncio
import importlib.util
import statistics
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench import lag
from bench.child import Home
from bench.cleanup import Watched
from bench.crowd import Crowd, ask_again
from bench.report import Report, quantile
from bot import app as root
from bot.app import App
from bot.domain.assignment import assign
from bot.domain.matching import REST_AFTER_REFUSAL, Candidate, Match, Waiting, parts, tier
from bot.domain.planning import plan
from bot.settings import load
from bot.storage import counselors, queue
from bot.storage.database import Turn

_NOWHERE = "http://127.0.0.1:1"  #: no Telegram is needed
_CAPACITY = 3
_SHARE_FOR_THE_ORACLE = 10  #: one in ten of all who wait and of all counselors: scipy looks at each pair of them
_IMPOSSIBLE = -1_000


async def run(report: Report, folder: Path, database_url: str | None, crowd: Crowd, *, rounds: int, seed: int) -> None:
    """Measure everything in *folder*; medians of so many rounds over the same queue."""
    home = Home.on_sqlite(folder, _NOWHERE)
    variables = {**home.variables(), "MAX_SESSIONS_PER_COUNSELOR": str(_CAPACITY)}
    settings = load({**variables, "DATABASE_URL": database_url or home.database_url}, None)
    await root.prepare(settings)
    async with root.opened(settings, kind="bench") as app:
        report.heading(
            f"{crowd.waiting:,} wait for {crowd.counselors:,} counselors, {'PostgreSQL' if database_url else 'SQLite'}"
        )
        root.settle()
        await crowd.gather(app, seed=seed)
        waiting, candidates = await _measure(report, app, rounds)
    report.heading(f"How good the choice is, for one in {_SHARE_FOR_THE_ORACLE} of them")
    _judge(report, waiting[::_SHARE_FOR_THE_ORACLE], candidates[::_SHARE_FOR_THE_ORACLE])


async def _measure(report: Report, app: App, rounds: int) -> tuple[list[Waiting], list[Candidate]]:
    times: defaultdict[str, list[float]] = defaultdict(list)
    watched = Watched(app.db)
    matching = replace(app.matching, db=watched)
    for _ in range(rounds):
        await ask_again(app)
        began_at = time.perf_counter()
        waiting, candidates = await _load(app)
        loaded_at = time.perf_counter()
        await asyncio.to_thread(plan, waiting, candidates)
        times["load"].append(loaded_at - began_at)
        times["solve"].append(time.perf_counter() - loaded_at)
        async with lag.watched() as late:
            began_at, cpu = time.perf_counter(), time.process_time()
            offers = await matching.match_waiting(limit=10_000)
            times["whole"].append(time.perf_counter() - began_at)
            times["cpu"].append(time.process_time() - cpu)
        times["late"].append(max(late, default=0.0))
    median = {name: statistics.median(found) * 1000 for name, found in times.items()}
    report.add("free places", sum(one.capacity - one.load for one in candidates))
    report.add("offers made", len(offers))
    report.add("load", median["load"], "ms")
    report.add("solve", median["solve"], "ms")
    report.add("save", median["whole"] - median["load"] - median["solve"], "ms")
    report.add("all three, as the task does it", median["whole"], "ms", at_most=200)
    report.add("all three, fastest round", min(times["whole"]) * 1000, "ms")
    report.add("CPU for all three", median["cpu"], "ms")
    report.add("one transaction, p99", quantile(watched.held, 0.99) * 1000, "ms", at_most=15)
    report.add("one transaction, max", max(watched.held) * 1000, "ms")
    report.add("the event loop late, max of a round", median["late"], "ms")
    return waiting, candidates


async def _load(app: App) -> tuple[list[Waiting], list[Candidate]]:
    async with app.db.reading(Turn.MAINTENANCE) as tx:
        candidates = await counselors.available(tx, capacity=_CAPACITY)
        return await queue.waiting(tx, refused_since=app.clock() - REST_AFTER_REFUSAL), candidates


def _judge(report: Report, waiting: Sequence[Waiting], candidates: Sequence[Candidate]) -> None:
    """Compare the choice of one counselor for each session with what scipy finds, where it is installed."""
    matches = assign(waiting, candidates)
    total = sum(match.score for match in matches)
    report.add("sessions served", len(matches))
    report.add("total score", total)
    if not matches or not importlib.util.find_spec("scipy"):
        return
    served, most = _optimum(matches, waiting, candidates)
    report.add("most sessions that can be served, by scipy", served, at_most=len(matches))
    report.add("share of the highest total for these, by scipy", total / most * 100, "%", at_least=100)


def _optimum(matches: Sequence[Match], waiting: Sequence[Waiting], candidates: Sequence[Candidate]) -> tuple[int, float]:
    """Return how many can be served, and the highest total score for those who are, each in its tier."""
    numpy: Any = importlib.import_module("numpy")
    optimize: Any = importlib.import_module("scipy.optimize")
    sparse: Any = importlib.import_module("scipy.sparse")
    graph: Any = importlib.import_module("scipy.sparse.csgraph")
    places = [(one, load) for one in candidates for load in range(one.load, one.capacity)]
    by_counselor = {one.counselor_id: one for one in candidates}
    tiers = {match.session_id: match.counselor_id for match in matches}
    edges = [[tier(session, one) for one in candidates] for session in waiting]
    columns = [number for number, one in enumerate(candidates) for _ in range(one.load, one.capacity)]
    allowed = numpy.array([[found is not None for found in row] for row in edges], dtype=numpy.int8)[:, columns]
    most = int((graph.maximum_bipartite_matching(sparse.csr_matrix(allowed), perm_type="column") >= 0).sum())
    chosen = [
        [_points(session, one, load, tier(session, by_counselor[tiers[session.session_id]])) for one, load in places]
        for session in waiting
        if session.session_id in tiers
    ]
    values = numpy.array(chosen)
    rows, best = optimize.linear_sum_assignment(values, maximize=True)
    return most, float(values[rows, best].sum())


def _points(session: Waiting, one: Candidate, load: int, wanted: int | None) -> int:
    return parts(session, one, load=load).score if tier(session, one) == wanted else _IMPOSSIBLE
