"""Telling somebody outside that we live, by asking for an address of theirs (healthchecks.io/docs/http_api, *Pinging API*)."""

from __future__ import annotations

import asyncio
import logging
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl

    import httpx

logger = logging.getLogger(__name__)

_SECONDS = 10.0  #: for all of it
_CONNECTS_AGAIN = 2


class Signal(StrEnum):
    """What a ping says: the path behind the address."""

    START = "/start"
    SUCCESS = ""
    FAILURE = "/fail"


async def ping(url: str, signal: Signal) -> bool:
    """Ask for a heartbeat address, whose path is the secret; return whether that was answered well.

    Never raises, and is to be called outside of any transaction. A fault is logged without the address.
    """
    import httpx  # noqa: PLC0415 — commands that never ping start without it

    try:
        trust = await asyncio.to_thread(_trust)
        transport = httpx.AsyncHTTPTransport(verify=trust, retries=_CONNECTS_AGAIN)
        async with asyncio.timeout(_SECONDS), httpx.AsyncClient(transport=transport, follow_redirects=True) as client:
            answer = await client.get(_address(url, signal))
            answer.raise_for_status()
    except httpx.HTTPStatusError as error:
        logger.warning("A heartbeat address answered with %d.", error.response.status_code)
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError) as error:
        logger.warning("A heartbeat address could not be reached (%s).", type(error).__name__)
    else:
        return True
    return False


def _address(url: str, signal: Signal) -> httpx.URL:
    import httpx  # noqa: PLC0415 — as above

    address = httpx.URL(url)
    return address.copy_with(path=f"{address.path.rstrip('/')}{signal}" or "/")


@lru_cache(maxsize=1)
def _trust() -> ssl.SSLContext:
    """Return the authorities that we trust, read once, in a thread: 20 ms."""
    import httpx  # noqa: PLC0415 — as above

    return httpx.create_ssl_context()
