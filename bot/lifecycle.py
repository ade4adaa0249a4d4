"""How the bot starts and stops: one loop, one supervisor, everything ended in order."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import httpx
from telegram.error import InvalidToken, TelegramError

from bot import app as root
from bot import processes, texts
from bot.app import App
from bot.domain import retries
from bot.domain.errors import BotError
from bot.domain.ids import DeliveryId
from bot.settings import Settings, SettingsError
from bot.storage.holding import TELEGRAM, DatabaseInUse, Lease, lock_file, lock_file_within
from bot.telegram import api as bot_api
from bot.telegram import application as applications
from bot.telegram.api import Api, Connections
from bot.telegram.application import AnyApplication
from bot.telegram.calls import Calls
from bot.telegram.context import Services
from bot.telegram.intake import Intake
from bot.telegram.limits import Limits
from bot.telegram.sender import Sender
from bot.telegram.worker import Worker

logger = logging.getLogger(__name__)

KIND = "bot"  #: of the process that lives with the database, in the names of lease owners

#: CONTRACT.md: a second process waits this long for a predecessor; a refused token is fatal after so long.
_PREDECESSOR_SECONDS = 30.0
_REFUSED_SECONDS = 60.0
_WORKER_SECONDS, _SENDER_SECONDS, _OWN_DELIVERIES_SECONDS = 5.0, 4.0, 30.0


_TOKENLESS = "BOT_TOKEN: not set; get one from @BotFather and put it into .env as BOT_TOKEN=123456789:AA…"


class TokenRefused(BotError):
    """Telegram does not know ``BOT_TOKEN``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Telegram:
    """The transport, wired."""

    application: AnyApplication
    intake: Intake
    worker: Worker
    sender: Sender


async def run(settings: Settings, *, owned: Mapping[str, timedelta] | None = None, stopping: asyncio.Event | None = None) -> None:
    """Run the bot until SIGTERM or SIGINT; then end in order, and at a second signal at once.

    Args:
        settings: As they were loaded, with a token.
        owned: Intervals of schedules, in place of those of the environment.
        stopping: Set by a signal, or by the caller in place of one.

    Raises:
        BotError: It cannot start; the sentence says why, and what would be right.
        SettingsError: A setting is missing or cannot be used.
    """
    if settings.bot_token is None:
        raise SettingsError([_TOKENLESS])
    stopping = stopping or asyncio.Event()
    processes.listen_for_signals(stopping)
    async with AsyncExitStack() as stack:
        root.check(settings)
        if not await _is_alone(settings, stack, stopping):
            return
        await root.prepare(settings)
        app = await stack.enter_async_context(root.opened(settings, kind=KIND))
        telegram = await stack.enter_async_context(_wired(app))
        root.settle()
        if not settings.admin_ids:
            logger.warning("ADMIN_IDS is empty: nobody can approve counselors or hear of failures.")
        if unverified := texts.unverified_help_lines():
            logger.warning(
                "%d help lines were never verified: call them, and date them in bot/texts/help_lines.toml.", unverified
            )
        await _supervise(app, telegram, stopping, owned=app.owned_intervals if owned is None else owned)
    logger.info("Stopped.")


async def send_own(app: App, own: set[DeliveryId]) -> set[DeliveryId]:
    """Make the deliveries of a one-shot command; return those that are left for the next start of the bot.

    Raises:
        DatabaseInUse: A bot runs, and makes them.
    """
    if not own or app.settings.bot_token is None:
        return own
    async with AsyncExitStack() as stack:
        if app.settings.sqlite_path is not None:
            stack.enter_context(lock_file(app.settings.sqlite_path))
        else:
            lease = Lease(app.db, app.clock, name=TELEGRAM, owner=app.owner)
            if not await lease.take():
                raise DatabaseInUse("A bot polls and sends.")
            stack.push_async_callback(lease.release)
            keeping = asyncio.create_task(lease.keep())
            stack.callback(keeping.cancel)
        telegram = await stack.enter_async_context(_wired(app))
        return await telegram.sender.deliver_only(own, seconds=_OWN_DELIVERIES_SECONDS)


async def _is_alone(settings: Settings, stack: AsyncExitStack, stopping: asyncio.Event) -> bool:
    """Hold the lock of the database until *stack* ends; False where we were told to stop before it was ours.

    Raises:
        DatabaseInUse: The process that has it did not stop in time.
    """
    if settings.sqlite_path is None:
        return True
    try:
        await stack.enter_async_context(lock_file_within(settings.sqlite_path, seconds=_PREDECESSOR_SECONDS, stopping=stopping))
    except DatabaseInUse:
        if stopping.is_set():
            return False
        raise
    return True


async def _supervise(app: App, telegram: Telegram, stopping: asyncio.Event, *, owned: Mapping[str, timedelta]) -> None:
    """Run everything until the signal, until the database is found to be damaged, or until one of the loops ends."""
    dead_owner = None if app.settings.is_postgresql else f"{KIND}:"
    scheduler = asyncio.create_task(processes.manager(app).run(owned, dead_owner=dead_owner))
    transport = asyncio.create_task(_transport(app, telegram))
    signalled, damaged = asyncio.create_task(stopping.wait()), asyncio.create_task(app.db.condition.damaged.wait())
    await asyncio.wait({scheduler, transport, signalled, damaged}, return_when=asyncio.FIRST_COMPLETED)
    logger.info("Stopping.")
    for one in (scheduler, transport, signalled, damaged):
        one.cancel()
    results = await asyncio.gather(scheduler, transport, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException) and not isinstance(result, asyncio.CancelledError):
            raise result


async def _transport(app: App, telegram: Telegram) -> None:
    """Handle updates, and poll and send while that is ours to do; until cancelled."""
    working = asyncio.create_task(_work(telegram))
    polling = asyncio.create_task(
        _poll_and_send_by_lease(app, telegram) if app.settings.is_postgresql else _poll_and_send(telegram)
    )
    try:
        await asyncio.wait({working, polling}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        telegram.worker.stop()
        polling.cancel()
        await _end(working, seconds=_WORKER_SECONDS)
        await _end(polling, seconds=_SENDER_SECONDS + 1)


async def _poll_and_send(telegram: Telegram) -> None:
    """Poll and send until cancelled: then take nothing more in, and let the calls in flight end."""
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(telegram.intake.run())
            group.create_task(telegram.intake.pulse.keep())
            group.create_task(telegram.sender.run())
    finally:
        await telegram.sender.stop(seconds=_SENDER_SECONDS)


async def _poll_and_send_by_lease(app: App, telegram: Telegram) -> None:
    """Poll and send while the lease is ours; stand by otherwise."""
    lease = Lease(app.db, app.clock, name=TELEGRAM, owner=app.owner)
    try:
        while True:
            await lease.wait()
            working = asyncio.create_task(_poll_and_send(telegram))
            keeping = asyncio.create_task(lease.keep())
            try:
                await asyncio.wait({working, keeping}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                keeping.cancel()
                working.cancel()
                await _end(working, seconds=_SENDER_SECONDS + 1)
    finally:
        await lease.release()


async def _work(telegram: Telegram) -> None:
    """Handle updates once Telegram has told who we are: commands may be addressed to our name."""
    await _introduce(telegram)
    await telegram.worker.run()


async def _introduce(telegram: Telegram) -> None:
    """Ask Telegram who we are until it answers.

    Raises:
        TokenRefused: It has refused the token for a minute, and never answered anything with it.
    """
    loop = asyncio.get_running_loop()
    refused_since: float | None = None
    attempt, said = 0, set[str]()
    while True:
        try:
            await telegram.application.initialize()
        except InvalidToken as error:
            refused_since = refused_since or loop.time()
            if loop.time() - refused_since >= _REFUSED_SECONDS and telegram.intake.pulse.last_good_at is None:
                raise TokenRefused("Telegram does not know BOT_TOKEN: copy it again from @BotFather.") from error
            _warn_once(said, "Telegram refuses the token; trying again for a minute.")
        except TelegramError as error:
            refused_since = None
            _warn_once(said, f"Telegram does not say who we are ({type(error).__name__}); trying again until it does.")
        else:
            logger.info("Connected to Telegram as @%s", telegram.application.bot.username)
            return
        attempt += 1
        await asyncio.sleep(retries.INTRODUCTION.delay(attempt, chance=random.random()).total_seconds())  # noqa: S311 — spreads load


def _warn_once(said: set[str], line: str) -> None:
    """Log a warning that is not in *said* yet: what is tried again every few seconds is said once."""
    if line not in said:
        logger.warning(line)
    said.add(line)


async def _end(one: asyncio.Task[None], *, seconds: float) -> None:
    """Wait for *one* to end by itself, cancel it when the time is over, and raise what it raised."""
    await asyncio.wait({one}, timeout=seconds)
    one.cancel()
    try:
        await one
    except asyncio.CancelledError:
        return


@asynccontextmanager
async def _wired(app: App) -> AsyncGenerator[Telegram]:
    """Wire the transport, and close its connections at the end."""
    settings = app.settings
    if settings.bot_token is None:
        raise SettingsError([_TOKENLESS])
    token = settings.bot_token.get_secret_value()
    trust = httpx.create_ssl_context()  # one for all: each is 2 MB
    polling, asking, calling = bot_api.connection(trust), bot_api.connection(trust), Connections(trust)
    api = Api(host=settings.telegram_api_url, token=token, polling=polling, calling=calling)
    application = applications.build(token=token, base=settings.telegram_api_url, request=asking)
    try:
        yield Telegram(
            application=application,
            intake=Intake(api=api, db=app.db, vault=app.vault, clock=app.clock, pulse=app.pulse),
            worker=Worker(application=application, db=app.db, clock=app.clock, services=_services(app)),
            sender=_sender(app, api),
        )
    finally:
        await polling.shutdown()
        await asking.shutdown()
        await calling.close()


def _sender(app: App, api: Api) -> Sender:
    limits = Limits(
        per_second=app.settings.send_per_second,
        per_chat_per_second=app.settings.send_per_chat_per_second,
        per_chat_burst=app.settings.send_per_chat_burst,
        now=asyncio.get_running_loop().time,
    )
    calls = Calls(api=api, vault=app.vault)
    return Sender(calls=calls, db=app.db, clock=app.clock, people=app.people, delivering=app.delivering, limits=limits)


def _services(app: App) -> Services:
    return Services(
        people=app.people,
        outbox=app.outbox,
        alerting=app.alerting,
        dialogs=app.dialogs,
        requesting=app.requesting,
        offering=app.offering,
        reaching=app.reaching,
        relaying=app.relaying,
        closing=app.closing,
        transferring=app.transferring,
        rating=app.rating,
        profiles=app.profiles,
        applying=app.applying,
        serving=app.serving,
        health=app.health,
        admin=app.admin,
        inviting=app.inviting,
        control=app.control,
        composing=app.composing,
        retention_days=app.settings.session_retention_days,
    )
