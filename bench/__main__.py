"""The command line of the bench."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import tempfile
from pathlib import Path

import bench
from bench import backup, cleanup, match, postgres, profiling, relay, scheduler, stall, start
from bench.crowd import Crowd
from bench.report import Report


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=bench.__doc__)
    parser.add_argument("--json", type=Path, help="write the figures there too")
    commands = parser.add_subparsers(dest="command", required=True)
    _describe_relay(commands.add_parser("relay", help="how fast messages cross the bot, and what that costs"))
    starting = commands.add_parser("start", help="how long the bot and its commands take to start, and what idling costs")
    starting.add_argument("--rounds", type=int, default=5)
    starting.add_argument("--idle-seconds", type=float, default=20.0)
    _describe_erasing(commands.add_parser("cleanup", help="how long others wait while old conversations are erased"))
    _describe_copying(commands.add_parser("backup", help="how much longer a backup takes than a plain copy"))
    _describe_match(commands.add_parser("match", help="how long it takes to match a long queue, and how good the choice is"))
    _describe_scheduler(
        commands.add_parser("scheduler", help="what the scheduler costs, and how it copes with very much at once")
    )
    _describe_stall(commands.add_parser("stall", help="how long messages wait while a task is under way"))
    return parser.parse_args()


def _describe_relay(parser: argparse.ArgumentParser) -> None:
    add, usual = parser.add_argument, relay.Options()
    add("--conversations", type=int, default=usual.conversations)
    add("--window", type=int, default=usual.window, help="messages that each person has on their way at most")
    add("--seconds", type=float, default=usual.seconds, help="of the throughput part")
    add("--per-second", type=float, default=usual.per_second, help="messages in the latency part")
    add("--steady-seconds", type=float, default=usual.steady_seconds, help="of the latency part")
    add("--messages", type=int, default=usual.messages, help="after which the memory is measured")
    add("--seed", type=int, default=usual.seed)
    add("--profile", type=Path, help="write the stacks of the throughput part there, and print where the time went")
    add("--database", metavar="URL", help=f"an empty PostgreSQL database; {postgres.OWN}: one is started for this run")


def _describe_erasing(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--messages", type=int, default=10_000_000, help="of which a tenth is erased; 300 bytes of disk for each")
    parser.add_argument("--seed", type=int, default=1)


def _describe_copying(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--messages", type=int, default=3_500_000, help="in the database that is copied: about 1 GB")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)


def _describe_match(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--waiting", type=int, default=10_000, help="students")
    parser.add_argument("--counselors", type=int, default=1_000, help="with two free places each")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", metavar="URL", help=f"an empty PostgreSQL database; {postgres.OWN}: one is started")


def _describe_scheduler(parser: argparse.ArgumentParser) -> None:
    add, usual = parser.add_argument, scheduler.Options()
    add("--many", type=int, default=usual.many, help="schedules beside the default ones")
    add("--idle-seconds", type=float, default=usual.idle_seconds)
    add("--processes", type=int, default=usual.processes, help="on one file")
    add("--seconds", type=float, default=usual.seconds, help="in which these have 20 schedules a second")


def _describe_stall(parser: argparse.ArgumentParser) -> None:
    add, usual, quick = parser.add_argument, stall.Options(), stall.QUICK
    add(
        "--quick",
        action="store_true",
        help=f"only {quick.messages:,} messages and {quick.waiting} who wait: to see that it works",
    )
    add("--tasks", nargs="+", choices=stall.TASKS, default=usual.tasks)
    add("--messages", type=int, default=usual.messages, help="of sessions that have ended; a tenth is erased by each cleanup")
    add("--waiting", type=int, default=usual.waiting, help="students who wait for a match")
    add("--free", type=int, default=usual.free, help="counselors who could take them")
    add("--conversations", type=int, default=usual.conversations)
    add("--per-second", type=float, default=usual.per_second, help="messages in all conversations")
    add("--idle-seconds", type=float, default=usual.idle_seconds, help="of the part without a task")
    add("--rounds", type=int, default=usual.rounds, help="runs of each task, each way")
    add("--seed", type=int, default=usual.seed)


def _relay(arguments: argparse.Namespace, report: Report, folder: Path) -> None:
    values = vars(arguments)
    options = relay.Options(**{name: values[name] for name in relay.Options.__slots__})
    with postgres.database_url(arguments.database, folder) as url:
        asyncio.run(relay.run(options, report, folder, url))
    if arguments.profile:
        print(f"\n{profiling.summary(arguments.profile)}")


def _start(arguments: argparse.Namespace, report: Report, folder: Path) -> None:
    asyncio.run(start.run(report, folder, rounds=arguments.rounds, idle_seconds=arguments.idle_seconds))


def _cleanup(arguments: argparse.Namespace, report: Report, folder: Path) -> None:
    asyncio.run(cleanup.run(report, folder, messages=arguments.messages, seed=arguments.seed))


def _backup(arguments: argparse.Namespace, report: Report, folder: Path) -> None:
    asyncio.run(backup.run(report, folder, messages=arguments.messages, rounds=arguments.rounds, seed=arguments.seed))


def _stall(arguments: argparse.Namespace, report: Report, folder: Path) -> None:
    values = vars(arguments)
    options = stall.Options(**{name: values[name] for name in stall.Options.__slots__})
    asyncio.run(stall.run(stall.QUICK if arguments.quick else options, report, folder))


def _scheduler(arguments: argparse.Namespace, report: Report, folder: Path) -> None:
    values = vars(arguments)
    options = scheduler.Options(**{name: values[name] for name in scheduler.Options.__slots__})
    asyncio.run(scheduler.run(options, report, folder))


def _match(arguments: argparse.Namespace, report: Report, folder: Path) -> None:
    crowd = Crowd(waiting=arguments.waiting, counselors=arguments.counselors)
    with postgres.database_url(arguments.database, folder) as url:
        asyncio.run(match.run(report, folder, url, crowd, rounds=arguments.rounds, seed=arguments.seed))


BENCHES = {
    "relay": _relay,
    "start": _start,
    "cleanup": _cleanup,
    "backup": _backup,
    "match": _match,
    "scheduler": _scheduler,
    "stall": _stall,
}


def main() -> int:
    """Run one bench; 1 where a figure misses its goal."""
    arguments = _arguments()
    report = Report()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the children are stopped and the folder is removed
    with tempfile.TemporaryDirectory(prefix="hu-bench-") as folder:
        BENCHES[arguments.command](arguments, report, Path(folder))
    if arguments.json:
        report.write(arguments.json)
    return 1 if report.missed else 0


if __name__ == "__main__":
    sys.exit(main())
