"""``python -m bot.playground``: the server in a process of its own."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys

from bot.playground.control import Control
from bot.playground.server import TOKEN, BotApiServer


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bot.playground", description="A Telegram Bot API server on 127.0.0.1.")
    parser.add_argument("--port", type=int, default=0, help="0, the default, for a free one")
    parser.add_argument("--token", default=TOKEN, help="the only token that it accepts")
    parser.add_argument("--seed", type=int, default=0, help="makes ids, latencies and the chances of faults repeatable")
    parser.add_argument("--record-calls", action="store_true", help="keep all calls and messages in memory")
    return parser.parse_args()


async def _serve(arguments: argparse.Namespace) -> None:
    """Serve until SIGTERM or SIGINT; the first line of the output is the address."""
    server = BotApiServer(arguments.token, arguments.port, seed=arguments.seed, record_calls=arguments.record_calls)
    asked_to_stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked_to_stop.set)
    await server.start(*Control(server).routes())
    try:
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        await asked_to_stop.wait()
    finally:
        await server.stop()


if __name__ == "__main__":
    asyncio.run(_serve(_arguments()))
