"""The program as a child process: started with an environment, watched, signalled, and reaped whatever happens."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bot.playground import BotApiServer

REPOSITORY = Path(__file__).parents[2]
SCRIPT = REPOSITORY / "run_scheduled_tasks.py"

#: No limits towards our own server, so that no test waits for them.
UNLIMITED = {"SEND_PER_SECOND": "0", "SEND_PER_CHAT_PER_SECOND": "0"}

_START_SECONDS = 60.0
_LOG_SHOWN = 6000  #: characters, the last ones


@dataclass(frozen=True, slots=True)
class Ended:
    """What a command did."""

    code: int
    out: str
    err: str


@dataclass(slots=True)
class Program:
    """One run of the bot."""

    process: asyncio.subprocess.Process
    log_file: Path

    @property
    def log(self) -> str:
        """What it has written to stderr so far."""
        return self.log_file.read_text(encoding="utf-8")

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self.process.returncode is None

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    async def ended(self, seconds: float = 30.0) -> int:
        """Wait for its end; return the exit code.

        Raises:
            AssertionError: It does not end in time.
        """
        try:
            async with asyncio.timeout(seconds):
                return await self.process.wait()
        except TimeoutError:
            raise AssertionError(f"the bot has not ended within {seconds} s{self.story()}") from None

    async def stop(self) -> int:
        """Send SIGTERM and wait for the end; return the exit code."""
        self.signal(signal.SIGTERM)
        return await self.ended()

    async def kill(self) -> None:
        """End it in the middle of whatever it does."""
        if self.is_running:
            self.signal(signal.SIGKILL)
            await self.ended()

    async def logs(self, part: str, seconds: float = 20.0) -> None:
        """Wait until its log contains *part*.

        Raises:
            AssertionError: It does not in time.
        """
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + seconds
        while part not in self.log:
            if loop.time() > give_up_at or not self.is_running:
                raise AssertionError(f"the log does not say {part!r} within {seconds} s{self.story()}")
            await asyncio.sleep(0.02)  # a file rings no bell

    def story(self) -> str:
        """Return the end of the log, for a failure."""
        return f"\nexit code {self.process.returncode}, end of its log:\n{self.log[-_LOG_SHOWN:]}"


@dataclass(slots=True)
class Programs:
    """The programs of one test, in one environment and one working directory."""

    server: BotApiServer
    environment: Mapping[str, str]
    folder: Path
    started: list[Program] = field(default_factory=list[Program])

    async def start(self, *, waits: bool = True, **variables: str | None) -> Program:
        """Start ``python -m bot run``, and wait until it polls.

        Args:
            waits: False to return at once.
            variables: Beside those of the environment; None takes one out.
        """
        program = await self.spawn("-m", "bot", "run", **variables)
        if waits:
            await self.polled(program)
        return program

    async def spawn(self, *arguments: str | Path, **variables: str | None) -> Program:
        """Start Python with *arguments*, and return at once."""
        number = len(self.started) + 1
        log_file = self.folder / f"bot-{number}.log"
        with log_file.open("wb") as file:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *map(str, arguments),
                cwd=self.folder,
                env=self.environ(**variables),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=file,
            )
        program = Program(process, log_file)
        self.started.append(program)
        return program

    async def polled(self, program: Program) -> None:
        """Wait until a poll waits at the server.

        Raises:
            AssertionError: The program has ended, or the time is over.
        """
        polled = asyncio.create_task(self.server.wait_for(lambda: self.server.updates.is_polled, _START_SECONDS))
        ended = asyncio.create_task(program.process.wait())
        await asyncio.wait({polled, ended}, return_when=asyncio.FIRST_COMPLETED)
        ended.cancel()
        if not polled.done():
            polled.cancel()
            raise AssertionError(f"the bot does not poll{program.story()}")
        await polled

    async def run(self, *arguments: str | Path, **variables: str | None) -> Ended:
        """Run Python with *arguments* to its end."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *map(str, arguments),
            cwd=self.folder,
            env=self.environ(**variables),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            out, err = await process.communicate()
        except BaseException:
            process.kill()
            await process.wait()
            raise
        return Ended(process.returncode or 0, out.decode(), err.decode())

    async def cli(self, *arguments: str, **variables: str | None) -> Ended:
        """Run ``python -m bot`` with *arguments*."""
        return await self.run("-m", "bot", *arguments, **variables)

    async def tasks(self, *arguments: str, **variables: str | None) -> Ended:
        """Run ``run_scheduled_tasks.py`` with *arguments*."""
        return await self.run(SCRIPT, *arguments, **variables)

    def environ(self, **variables: str | None) -> dict[str, str]:
        """Return the environment of a child; of ours nothing but what Python needs."""
        given = {
            **{name: os.environ[name] for name in ("PATH", "HOME", "LANG", "COVERAGE_PROCESS_START") if name in os.environ},
            "PYTHONPATH": str(REPOSITORY),
            **self.environment,
            "BOT_TOKEN": self.server.token,
            "TELEGRAM_API_URL": self.server.url,
            **variables,
        }
        return {name: value for name, value in given.items() if value is not None}

    async def end_all(self) -> None:
        """End whatever still runs."""
        running = [program for program in self.started if program.is_running]
        for program in running:
            program.signal(signal.SIGTERM)
        for program in running:
            try:
                await program.ended(20)
            except AssertionError:
                await program.kill()
