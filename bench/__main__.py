"""The command line of the bench."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import tempfile
from pathlib import Path

import bench
from bench import postgres, profiling, relay, start
from bench.report import Report


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=bench.__doc__)
    parser.add_argument("--json", type=Path, help="write the figures there too")
    commands = parser.add_subparsers(dest="command", required=True)
    _describe_relay(commands.add_parser("relay", help="how fast messages cross the bot, and what that costs"))
    starting = commands.add_parser("start", help="how long the bot and its commands take to start, and what idling costs")
    starting.add_argument("--rounds", type=int, default=5)
    starting.add_argument("--idle-seconds", type=float, default=20.0)
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


def _relay(arguments: argparse.Namespace, report: Report, folder: Path) -> None:
    values = vars(arguments)
    options = relay.Options(**{name: values[name] for name in relay.Options.__slots__})
    with postgres.database_url(arguments.database, folder) as url:
        asyncio.run(relay.run(options, report, folder, url))
    if arguments.profile:
        print(f"\n{profiling.summary(arguments.profile)}")


def _start(arguments: argparse.Namespace, report: Report, folder: Path) -> None:
    asyncio.run(start.run(report, folder, rounds=arguments.rounds, idle_seconds=arguments.idle_seconds))


def main() -> int:
    """Run one bench; 1 where a figure misses its goal."""
    arguments = _arguments()
    report = Report()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the children are stopped and the folder is removed
    with tempfile.TemporaryDirectory(prefix="hu-bench-") as folder:
        {"relay": _relay, "start": _start}[arguments.command](arguments, report, Path(folder))
    if arguments.json:
        report.write(arguments.json)
    return 1 if report.missed else 0


if __name__ == "__main__":
    sys.exit(main())
