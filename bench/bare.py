"""A relay without anything: no database, no framework, no order. What the bot's share of the way is compared with.

``python -m bench.bare BASE PAIRS``: the address with the token, and the file of the pairs ``{"writer": reader, …}``.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Any

import aiohttp

_POLL_SECONDS = 30


class BareRelay:
    """Asks for updates and passes each text on."""

    def __init__(self, session: aiohttp.ClientSession, base: str, readers: dict[str, int]) -> None:
        self._session = session
        self._base = base
        self._readers = readers
        self._sending: set[asyncio.Task[Any]] = set()

    async def run(self) -> None:
        """Relay until cancelled."""
        offset = 0
        while True:
            for update in await self._call("getUpdates", timeout=_POLL_SECONDS, offset=offset):
                offset = update["update_id"] + 1
                message = update["message"]
                reader = self._readers[str(message["chat"]["id"])]
                sending = asyncio.create_task(self._call("sendMessage", chat_id=reader, text=message["text"]))
                self._sending.add(sending)
                sending.add_done_callback(self._sending.discard)

    async def _call(self, method: str, **parameters: object) -> Any:  # noqa: ANN401 -- JSON
        async with self._session.post(f"{self._base}/{method}", json=parameters) as answer:
            return (await answer.json())["result"]


async def _main(base: str, pairs: Path) -> None:
    current = asyncio.current_task()
    if current is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, current.cancel)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        await BareRelay(session, base, json.loads(pairs.read_text())).run()


if __name__ == "__main__":
    try:
        asyncio.run(_main(sys.argv[1], Path(sys.argv[2])))
    except asyncio.CancelledError:
        sys.exit(0)
