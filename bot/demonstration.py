"""``python -m bot demo``: the real bot and a Bot API server of our own, made-up people, no token and no Telegram."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from bot import lifecycle, logs
from bot.domain.errors import BotError
from bot.playground import TOKEN, BotApiServer, Call, Person
from bot.playground.story import Cast, Story, cast
from bot.scheduler.defaults import DEFAULTS
from bot.settings import Settings, load
from bot.storage.holding import lock_file

FOLDER = Path(".demo")
#: So short that all three tasks are seen at work while the story is told.
PACE = {"backup": timedelta(seconds=6), "cleanup": timedelta(seconds=3), "match": timedelta(seconds=2)}
_TASKS_SEEN_SECONDS = 7.0  #: how long ``--script`` goes on at most for each task to have run
_COLOURS = ("cyan", "green", "magenta", "blue")


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the story is told: its people, and the terminal it is printed on."""

    people: Cast
    console: Console
    variables: dict[str, str]

    def tell(self, person: Person, what: str) -> None:
        """Print what somebody writes or presses."""
        self._print(person, "»", what, bold=True)

    def hear(self, call: Call) -> None:
        """Print what the bot says to somebody."""
        method = call.method.lower()
        person = next((one for one in self._everybody if one.id == call.chat_id), None)
        if not method.startswith(("send", "editmessage")) or call.status != 200 or person is None:  # noqa: PLR2004 — OK
            return
        message = self._message(person, call.params)
        shown = message.words if message.kind == "text" else f"({message.kind}: {message.file_name or 'no name'}) {message.words}"
        buttons = "  ".join(f"[{label}]" for row in message.buttons for label in row)
        self._print(person, "«~" if method.startswith("edit") else "«", f"{shown}\n{buttons}".strip())

    async def add_counselor(self, telegram_id: int, name: str, topics: str) -> None:
        """Run the command that adds a counselor, beside the running bot."""
        await self.command("people", "add-counselor", f"--telegram-id={telegram_id}", f"--name={name}", f"--topics={topics}")

    async def command(self, *arguments: str) -> None:
        """Run ``python -m bot`` with *arguments* as an operator would.

        Raises:
            BotError: It failed.
        """
        self.console.print(Text(f"$ python -m bot {' '.join(arguments)}", style="yellow"))
        environment = {**os.environ, **self.variables}
        process = await asyncio.create_subprocess_exec(sys.executable, "-m", "bot", *arguments, env=environment, cwd=FOLDER)
        if await process.wait():
            raise BotError("A command of the demo failed.")

    @property
    def _everybody(self) -> tuple[Person, ...]:
        return (self.people.sara, self.people.dawit, self.people.hana, self.people.meron)

    def _message(self, person: Person, parameters: dict[str, Any]) -> Any:  # noqa: ANN401 — a Message of the playground
        wanted = int(parameters.get("message_id") or 0)
        return next((one for one in reversed(person.bot_messages) if one.message_id == wanted), person.last)

    def _print(self, person: Person, sign: str, what: str, *, bold: bool = False) -> None:
        colour = _COLOURS[self._everybody.index(person)]
        line = Text(f"{person.first_name:>6} {sign:2} ", style=f"bold {colour}")
        body = Text(what.replace("\n", "\n" + " " * 10), style="bold" if bold else "")
        self.console.print(line + body)


async def run(*, ends: bool) -> None:
    """Tell the story with the real bot; then stay up until Ctrl-C, or end where *ends*.

    Raises:
        BotError: The bot cannot start, or does not do what the story expects.
    """
    console = Console(highlight=False, soft_wrap=True)
    with lock_file(FOLDER):  # two at once would take the folder away from each other
        await _perform_in_folder(console, ends=ends)


async def _perform_in_folder(console: Console, *, ends: bool) -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    async with BotApiServer() as server:
        people = cast(server)
        variables = _variables(server, admin=people.meron)
        settings = load({**variables, "PATH": os.environ.get("PATH", "")}, None)
        logs.configure(level="INFO", fmt="text", file=None, secrets=settings.secrets)
        stage = Stage(people, console, variables)
        server.on_call = stage.hear
        _print_pace(console)
        await _perform(stage, settings, ends=ends)


async def _perform(stage: Stage, settings: Settings, *, ends: bool) -> None:
    stopping = asyncio.Event()
    bot = asyncio.create_task(lifecycle.run(settings, owned=PACE, stopping=stopping))
    telling = asyncio.create_task(_tell(stage))
    try:
        await asyncio.wait({bot, telling}, return_when=asyncio.FIRST_COMPLETED)
        if telling.done():
            telling.result()
            if ends:
                await asyncio.wait({bot}, timeout=_TASKS_SEEN_SECONDS)
            else:
                stage.console.print(Text(f"The bot stays up; data lies in {FOLDER}/. Ctrl-C ends it.", style="yellow"))
                await asyncio.wait({bot})
    finally:
        telling.cancel()
        stopping.set()
        await bot


async def _tell(stage: Stage) -> None:
    try:
        await Story(stage.people, stage.add_counselor, stage.tell).play()
    except AssertionError as error:
        raise BotError(f"The demo went wrong: {error}") from error
    scenes = "application, approval, request, offer, conversation, files, end, rating"
    stage.console.print(Text(f"The story is told: {scenes}.", style="bold yellow"))


def _variables(server: BotApiServer, *, admin: Person) -> dict[str, str]:
    folder = FOLDER.absolute()
    return {
        "BOT_TOKEN": TOKEN,
        "TELEGRAM_API_URL": server.url,
        "DATABASE_URL": f"sqlite:///{folder}/hu_counseling.db",
        "BACKUP_DIR": str(folder / "backups"),
        "ADMIN_IDS": str(admin.id),
    }


def _print_pace(console: Console) -> None:
    console.print(Text("Tasks, at the pace of this demo (and by default):", style="bold yellow"))
    by_default = {default.task: default.when for default in DEFAULTS}
    for task, every in PACE.items():
        console.print(Text(f"  {task:8} every {every.seconds} s  ({by_default[task]})"))
