"""The bot, or one of its commands, as a child process."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from bot.playground import TOKEN

ROOT = Path(__file__).resolve().parent.parent
_STOP_SECONDS = 20.0
_KEY = "A" * 43 + "="  #: what it seals is made up
_INHERITED = ("PATH", "HOME", "LANG", "XDG_RUNTIME_DIR", "PG_BIN_DIR")
_INTERVALS = ("BACKUP_INTERVAL_MINUTES", "CLEANUP_INTERVAL_MINUTES", "MATCH_INTERVAL_MINUTES")
RUN = ("-m", "bot", "run")


@dataclass(frozen=True, slots=True)
class Home:
    """A folder with a database, and the variables of the bot that lives there."""

    folder: Path
    database_url: str
    api_url: str

    @classmethod
    def on_sqlite(cls, folder: Path, api_url: str) -> Home:
        """Return a home with a SQLite file in *folder*."""
        return cls(folder, f"sqlite:///{folder / 'bot.db'}", api_url)

    def variables(self) -> dict[str, str]:
        """Return the settings: no limits of sending, no maintenance on its own but a first backup, quiet logs."""
        return {
            "BOT_TOKEN": TOKEN,
            "TELEGRAM_API_URL": self.api_url,
            "DATABASE_URL": self.database_url,
            "BACKUP_DIR": str(self.folder / "backups"),
            "ENCRYPTION_KEY": _KEY,
            "SEND_PER_SECOND": "0",
            "SEND_PER_CHAT_PER_SECOND": "0",
            "MAX_SESSIONS_PER_COUNSELOR": "1",
            **dict.fromkeys(_INTERVALS, "525600"),
            "LOG_LEVEL": "WARNING",
        }

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start Python with *arguments*; the output goes to ``output.log`` in the folder."""
        inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        environment = {**inherited, "PYTHONPATH": str(ROOT), **self.variables()}
        with (self.folder / "output.log").open("ab") as output:
            return subprocess.Popen([sys.executable, *arguments], cwd=self.folder, env=environment, stdout=output, stderr=output)

    def output(self) -> str:
        """Return what the children have printed."""
        path = self.folder / "output.log"
        return path.read_text(errors="replace") if path.exists() else ""


@dataclass(frozen=True, slots=True)
class Cpu:
    """CPU time of a process."""

    whole: float  #: all its threads
    loop: float  #: the main thread, where the event loop is

    def __sub__(self, before: Cpu) -> Cpu:
        return Cpu(self.whole - before.whole, self.loop - before.loop)

    def __truediv__(self, by: float) -> Cpu:
        return Cpu(self.whole / by, self.loop / by)


class Bot:
    """A running bot."""

    def __init__(self, home: Home, *arguments: str) -> None:
        self.started_at = time.perf_counter()
        self.home = home
        self.popen = home.start(*(arguments or RUN))
        self._process = psutil.Process(self.popen.pid)

    @property
    def is_running(self) -> bool:
        """Whether it still lives."""
        return self.popen.poll() is None

    def cpu(self) -> Cpu:
        """Return the CPU seconds that it has used so far, to the nanosecond (psutil knows hundredths of a second)."""
        threads = {int(path.parent.name): _cpu_seconds(path) for path in Path(f"/proc/{self.popen.pid}/task").glob("*/schedstat")}
        return Cpu(sum(threads.values()), threads[self.popen.pid])

    def rss_mb(self) -> float:
        """Return its resident memory."""
        return self._process.memory_info().rss / 1e6

    def stop(self) -> tuple[int, float]:
        """Ask it to end; return its exit code and how many seconds that took.

        Raises:
            subprocess.TimeoutExpired: It did not; it was killed.
        """
        asked_at = time.perf_counter()
        with contextlib.suppress(ProcessLookupError):
            self.popen.send_signal(signal.SIGTERM)
        try:
            code = self.popen.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()
            raise
        return code, time.perf_counter() - asked_at


def _cpu_seconds(schedstat: Path) -> float:
    """Return what a thread has used; 0 where it has just ended (Linux, Documentation/scheduler/sched-stats)."""
    try:
        return int(schedstat.read_text().split()[0]) / 1e9
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
