"""What is logged, and what never is."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar, Literal

import pytest

from bot import logs

TOKEN = "123456789:AAHsecretSecretSecretSecretSecretSe"
WORDS = "I cannot sleep since my brother died"

log = logging.getLogger("bot.tests.logs")


class Told(Exception):
    """An exception of ours, made to be told."""

    is_safe: ClassVar[bool] = True


@pytest.fixture(autouse=True)
def _root() -> Iterator[None]:
    """Leave the logging of this process as it was."""
    root = logging.getLogger()
    loggers = [root, *(logging.getLogger(name) for name in logs.FLOORS)]
    before = [(logger, logger.level) for logger in loggers]
    yield
    logs._remove_own(root)
    for logger, level in before:
        logger.setLevel(level)


def configure(
    *, level: str = "INFO", fmt: Literal["text", "json"] = "text", file: Path | None = None, secrets: tuple[str, ...] = ()
) -> None:
    logs.configure(level=level, fmt=fmt, file=file, secrets=secrets)


def stderr(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().err.splitlines()


def fail(error: BaseException) -> None:
    raise error


def record(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    (line,) = stderr(capsys)
    return json.loads(line)


# Where and how


def test_text(capsys: pytest.CaptureFixture[str]) -> None:
    """A line of text is the level, a colon and the message, and nothing else."""
    configure()
    log.info("Cleaned up %d old sessions", 3)

    assert ["INFO:Cleaned up 3 old sessions"] == stderr(capsys)


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    """A line of JSON holds the instant in UTC, the level, the logger, the message and what was said beside it."""
    configure(fmt="json")
    log.warning("Selam %s ☕", "all", extra={"matched": 3, "task_name": "match", "share": float("nan"), "level": "mine"})
    found = record(capsys)
    at = datetime.fromisoformat(str(found.pop("time")))

    assert UTC.utcoffset(None) == at.utcoffset()
    assert {
        "level": "WARNING",
        "logger": "bot.tests.logs",
        "message": "Selam all ☕",
        "matched": 3,
        "task_name": "match",
        "share": "nan",
    } == found


def test_the_level(capsys: pytest.CaptureFixture[str]) -> None:
    """What is below the level is not logged."""
    configure(level="ERROR")
    log.warning("small")
    log.error("big")

    assert ["ERROR:big"] == stderr(capsys)


def test_twice(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A second call replaces what the first one set up, and leaves the handlers of others alone."""
    others = logging.getLogger().handlers.copy()
    configure(file=tmp_path / "old.log")
    configure(fmt="json")
    configure(file=tmp_path / "new.log")
    log.info("once")

    assert others == [handler for handler in logging.getLogger().handlers if handler in others]
    assert ["INFO:once"] == stderr(capsys)
    assert ("", "INFO:once\n") == ((tmp_path / "old.log").read_text(), (tmp_path / "new.log").read_text())


def test_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is rotated when it is full, and five old ones are kept; its folder is made."""
    monkeypatch.setattr(logs, "FILE_BYTES", 200)
    configure(file=tmp_path / "logs" / "bot.log")
    for number in range(100):
        log.info("line %d", number)
    files = sorted((tmp_path / "logs").iterdir())

    assert ["bot.log", *(f"bot.log.{number}" for number in range(1, 6))] == [file.name for file in files]
    assert "INFO:line 99" == files[0].read_text().splitlines()[-1]
    assert [] == [file for file in files if file.stat().st_size > 200]


def test_the_size_of_the_file() -> None:
    """It is full at 10 MB."""
    assert (10 * 1024 * 1024, 5) == (logs.FILE_BYTES, logs.FILES_KEPT)


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    """Where the file cannot be opened the caller is told, and what was set up before stays."""
    configure()
    before = logging.getLogger().handlers.copy()
    with pytest.raises(OSError, match="directory"):
        configure(file=tmp_path)

    assert before == logging.getLogger().handlers


@pytest.mark.parametrize("name", sorted(logs.FLOORS))
@pytest.mark.parametrize("level", ["DEBUG", "INFO", "ERROR"])
def test_libraries_that_print_messages(name: str, level: str) -> None:
    """Libraries that print whole messages have a least level of their own, whatever ours is."""
    configure(level=level)

    assert max(logs.FLOORS[name], logging.getLevelName(level)) == logging.getLogger(name).getEffectiveLevel()
    assert not logging.getLogger(f"{name}.inner").isEnabledFor(logging.DEBUG)


def test_which_libraries() -> None:
    """Those that the contract names are at WARNING."""
    named = {"httpx", "httpcore", "asyncio", "yoyo", "psycopg", "aiohttp.access"}

    assert named == {name for name, floor in logs.FLOORS.items() if floor == logging.WARNING}


# Secrets


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"token {TOKEN}.", "token ***."),
        (f"POST https://api.telegram.org/bot{TOKEN}/sendMessage", "POST https://api.telegram.org/bot***/sendMessage"),
        (f"/bot{TOKEN.replace(':', '%3A')}/getMe", "/bot***/getMe"),
        ("postgresql://bot:hunter2@db:5432/x?a=b", "postgresql://bot:***@db:5432/x?a=b"),
        ("smtp://a%40b:hun@ter2@mail", "smtp://a%40b:***@mail"),
        ("the key is s3cret-key", "the key is ***"),
        ("http://127.0.0.1:8081/x at 12:30, 42 of 1000", "http://127.0.0.1:8081/x at 12:30, 42 of 1000"),
    ],
)
def test_redaction(text: str, expected: str) -> None:
    """Secrets, whatever looks like a token and passwords in URLs become three stars; all else stays."""
    assert expected == logs.redaction(["s3cret-key", "", "of"])(text)


@pytest.mark.parametrize("fmt", ["text", "json"])
def test_no_secret_anywhere(fmt: Literal["text", "json"], capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A secret is in no message, argument, field, exception or stack, on stderr and in the file."""
    configure(fmt=fmt, file=tmp_path / "bot.log", secrets=('s3cret"key',))
    log.info('s3cret"key')
    log.info("%s %r", 's3cret"key', {"url": f"/bot{TOKEN}/x"}, extra={"field": ['s3cret"key', TOKEN]})
    try:
        fail(Told(f's3cret"key {TOKEN}'))
    except Told:
        log.exception("failed: %s", TOKEN, stack_info=True)
    found = capsys.readouterr().err + (tmp_path / "bot.log").read_text()

    assert "***" in found
    assert [] == [secret for secret in ("s3cret", TOKEN, TOKEN.split(":")[1]) if secret in found]


def test_who_listens_hears_what_the_log_has(capsys: pytest.CaptureFixture[str]) -> None:
    """What is said in the block, from INFO on, without secrets and without what an exception quotes; nothing of others."""
    configure(level="DEBUG", secrets=("hush-hush",))
    heard = list[tuple[str, str]]()
    with logs.listening(lambda level, line: heard.append((level, line))):
        log.debug("not this")
        log.info("a %s", "hush-hush")
        try:
            fail(ValueError(WORDS))
        except ValueError:
            log.exception("It failed.")
    log.info("nor this")

    assert [("INFO", "a ***"), ("ERROR", "It failed.")] == heard[:2]
    assert [("ERROR", True)] == [(level, line.startswith("ValueError (at ")) for level, line in heard[2:]]


def test_the_longest_secret_first() -> None:
    """Of two secrets, one inside the other, nothing is left over."""
    assert "***" == logs.redaction(["secret", "secret-and-more"])("secret-and-more")


def test_arguments_that_do_not_fit(capsys: pytest.CaptureFixture[str]) -> None:
    """A mistake in a call to the log harms nobody and prints no arguments."""
    configure()
    (handler,) = (handler for handler in logging.getLogger().handlers if handler.name == "bot.StreamHandler")
    handler.handle(log.makeRecord(log.name, logging.INFO, __file__, 1, "%d sessions", (WORDS,), None))

    assert ["INFO:%d sessions (not formatted: TypeError)"] == stderr(capsys)


# Exceptions


def test_the_message_of_an_exception_is_withheld(capsys: pytest.CaptureFixture[str]) -> None:
    """Of an exception its type and the way to it are told, not its message, which may hold what a student wrote."""
    configure()
    try:
        fail(ValueError(WORDS))
    except ValueError:
        log.exception("Update 7 failed")
    first, second = stderr(capsys)
    line = fail.__code__.co_firstlineno + 1

    assert "ERROR:Update 7 failed" == first
    assert second.startswith(f"ValueError (at {__name__}:")
    assert second.endswith(f" > {__name__}:{line})")


def test_an_exception_of_ours_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """An exception whose class says that it is safe is told with its message; one whose instance says so is not."""
    configure()
    impostor = ValueError(WORDS)
    impostor.is_safe = True  # type: ignore[attr-defined]
    log.error("a", exc_info=Told("no longer available"))
    log.error("b", exc_info=impostor)

    assert ["ERROR:a", f"{__name__}.Told: no longer available (at ?)", "ERROR:b", "ValueError (at ?)"] == stderr(capsys)


def fail_twice() -> None:
    try:
        fail(KeyError(WORDS))
    except KeyError:
        fail(OSError(WORDS))


def fail_three_times() -> None:
    try:
        fail_twice()
    except OSError as error:
        raise Told("told") from error


def test_a_chain_of_exceptions(capsys: pytest.CaptureFixture[str]) -> None:
    """What led to an exception is told in the same way."""
    configure()
    try:
        fail_three_times()
    except Told:
        log.exception("x")
    found = stderr(capsys)

    expected = ["ERROR:x", f"{__name__}.Told: told", "caused by OSError", "while handling KeyError"]
    assert expected == [line.split(" (at ")[0] for line in found]


def test_a_group_of_exceptions(capsys: pytest.CaptureFixture[str]) -> None:
    """Each member of a group is told, and the message of none."""
    configure()
    log.error("x", exc_info=ExceptionGroup(WORDS, [ValueError(WORDS), ExceptionGroup(WORDS, [Told("told")])]))
    expected = ["ERROR:x", "ExceptionGroup", "with ValueError", "with ExceptionGroup", f"with {__name__}.Told: told"]

    assert expected == [line.split(" (at ")[0] for line in stderr(capsys)]


def test_an_exception_that_leads_to_itself(capsys: pytest.CaptureFixture[str]) -> None:
    """A circle of causes comes to an end."""
    configure()
    error = ValueError()
    error.__cause__ = OSError()
    error.__cause__.__cause__ = error
    log.error("x", exc_info=error)

    assert ["ERROR:x", "ValueError (at ?)", "caused by OSError (at ?)"] == stderr(capsys)


def endless() -> None:
    endless()


def test_a_very_deep_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    """Of a thousand frames the last twenty are told."""
    configure()
    try:
        endless()
    except RecursionError:
        log.exception("x")
    _, line = stderr(capsys)

    assert line.startswith("RecursionError (at … > ")
    assert 21 == len(line.split(" > "))


def test_an_exception_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    """JSON keeps the same rule."""
    configure(fmt="json")
    log.error("x", exc_info=ValueError(WORDS))

    assert "ValueError (at ?)" == record(capsys)["exception"]


def test_no_exception_at_hand(capsys: pytest.CaptureFixture[str]) -> None:
    """Where an exception is asked for and there is none, the line stands alone."""
    configure(fmt="json")
    log.error("x", exc_info=(None, None, None))

    assert "exception" not in record(capsys)


def test_what_another_handler_left(capsys: pytest.CaptureFixture[str]) -> None:
    """The traceback that another handler has formatted and kept in the record is not used."""
    foreign = logging.StreamHandler(sys.stdout)
    root = logging.getLogger()
    root.addHandler(foreign)
    try:
        configure()
        log.error("x", exc_info=ValueError(WORDS))
    finally:
        root.removeHandler(foreign)
    found = capsys.readouterr()

    assert (True, False) == (WORDS in found.out, WORDS in found.err)


def test_what_asyncio_says_of_a_lost_exception(capsys: pytest.CaptureFixture[str]) -> None:
    """Of a task that failed unseen asyncio prints the repr, exception included: only its first line is kept."""
    configure()
    loop = asyncio.new_event_loop()
    loop.call_exception_handler({"message": "Task exception was never retrieved", "future": repr(ValueError(WORDS))})
    loop.close()

    assert ["ERROR:Task exception was never retrieved"] == stderr(capsys)
