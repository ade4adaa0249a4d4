"""What can be set from outside: the environment first, then ``.env``; every bad value reported at once, no secret ever.

The variables are the names of the fields in capitals. The rule and the example of an error line stand with the field, in its
``description`` and ``examples``; what pydantic would say itself is never shown.
"""

from __future__ import annotations

import base64
import difflib
import io
import os
import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, ClassVar
from urllib.parse import quote, unquote

from dotenv import dotenv_values
from dotenv.parser import Original, parse_stream
from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from bot.domain.mail import Unfit
from bot.setting_values import (
    ExistingFolder,
    File,
    Folder,
    Ids,
    Keys,
    LogFormat,
    LogLevel,
    Mail,
    OptionalWhole,
    Rate,
    Recipients,
    Token,
    Whole,
    Zone,
    described,
    is_set,
    items,
    to_api_url,
    to_database_url,
    to_heartbeat_url,
    whole,
)

#: The database where neither ``DATABASE_URL`` nor ``DB_PATH`` is set (CONTRACT.md, Environment).
DEFAULT_DATABASE_URL = "sqlite:///hu_counseling.db"

#: Read by later issues: not ours yet, and no misspelling either.
LATER = frozenset(
    {
        *("BACKUP_S3_URL", "CONTENT_DIR", "PORT"),
        *("LIMIT_APPLICATIONS_PER_DAY", "LIMIT_MESSAGES_PER_MINUTE", "LIMIT_REQUESTS_PER_HOUR", "LIMIT_TAPS_PER_MINUTE"),
        *("WEBHOOK_URL", "WEB_HOST"),
    }
)

#: Close to ours and somebody else's: a local Bot API server reads the first two, many a database tool the last.
FOREIGN = frozenset({"TELEGRAM_API_HASH", "TELEGRAM_API_ID", "DB_PASS"})

_LONGEST_SHOWN = 60  #: characters of a bad value that an error line repeats
#: Looks like a token, or like a key, also like one of age that was taken for its recipient.
_SECRET = re.compile(r"[0-9]{5,}:[A-Za-z0-9_-]{20,}|[A-Za-z0-9+/_-]{43}=|(?i:age-secret-key-)\S*")


class SettingsError(Exception):
    """What is set cannot be used: one line for each bad variable, none of which holds a secret."""

    is_safe: ClassVar[bool] = True  #: the log may print the message

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines: list[str] = list(lines)
        super().__init__("\n".join(self.lines))


def _default_database_url(validated: dict[str, Any]) -> str:
    """``DB_PATH`` counts where there is no ``DATABASE_URL``."""
    path: Path | None = validated.get("db_path")
    return f"sqlite:///{path}" if path else DEFAULT_DATABASE_URL


_MINUTES = (1, 525_600)  #: up to a year
_KEPT = (0, 10_000)
_RATE = "must be a number that is 0 (off) or more"


class Settings(BaseSettings):
    """The settings of one process; `load` makes them, nothing changes them."""

    model_config = SettingsConfigDict(frozen=True, case_sensitive=True, alias_generator=str.upper, validate_default=False)

    bot_token: Token | None = described("must be a token of @BotFather", "123456789:AAExampleExampleExampleExampleExamp")
    admin_ids: Ids = described("must be Telegram ids (positive whole numbers), separated by commas", "123456789,987654321", ())

    db_path: File | None = described("must be the path of a file", "hu_counseling.db")
    database_url: Annotated[str, AfterValidator(to_database_url)] = Field(
        default_factory=_default_database_url,
        description="must be sqlite:///relative, sqlite:////absolute or postgresql://…",
        examples=[DEFAULT_DATABASE_URL],
        repr=False,
    )  #: as `to_database_url` returns it, also where only ``DB_PATH`` is set
    encryption_key: Keys = described(
        "must be 32 bytes in base64, several separated by commas, the newest first", "openssl rand -base64 32", repr=False
    )  #: newest first
    pg_bin_dir: ExistingFolder | None = described("must be a folder that exists", "/usr/lib/postgresql/17/bin")

    backup_dir: Folder = described("must be the path of a folder", "backups", Path("backups"))
    backup_keep_daily: Whole = whole(7, "", _KEPT)
    backup_keep_weekly: Whole = whole(4, "", _KEPT)
    backup_keep_monthly: Whole = whole(0, "", _KEPT)
    backup_recipients: Recipients = described(
        "must be age recipients, separated by commas", "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p", ()
    )

    backup_interval_minutes: OptionalWhole = whole(None, "minutes", _MINUTES, 1440)  #: where set it owns the interval
    cleanup_interval_minutes: OptionalWhole = whole(None, "minutes", _MINUTES, 30)  #: where set it owns the interval
    match_interval_minutes: OptionalWhole = whole(None, "minutes", _MINUTES, 5)  #: where set it owns the interval
    timezone: Zone = described("must be an IANA time zone", "Africa/Addis_Ababa", "UTC")
    scheduler_check_interval_seconds: Whole = whole(60, "seconds", (1, 3600), validation_alias="SCHEDULER_CHECK_INTERVAL")
    scheduler_default_retries: Whole = whole(3, "", (0, 20))
    scheduler_concurrency: Whole = whole(5, "", (1, 50))

    session_timeout_hours: Whole = whole(24, "hours", (1, 720))
    offer_timeout_minutes: Whole = whole(5, "minutes", (1, 1440))
    crisis_offer_timeout_seconds: Whole = whole(90, "seconds", (10, 3600))
    max_sessions_per_counselor: Whole = whole(3, "", (1, 20))
    session_retention_days: Whole = whole(30, "days", (1, 3650))

    telegram_api_url: Annotated[str, AfterValidator(to_api_url)] = described(
        "must be http:// or https:// and a host, without /bot", "https://api.telegram.org", "https://api.telegram.org"
    )
    send_per_second: Rate = described(_RATE, "30", 30.0)  #: 0 = off
    send_per_chat_per_second: Rate = described(_RATE, "1", 1.0)  #: 0 = off
    send_per_chat_burst: Whole = whole(20, "", (0, 10_000))  #: 0 = off

    smtp_url: Mail = described(
        "must be smtp://user:password@host:587?from=…&to=…, or smtps:// with port 465",
        "smtp://bot:secret@mail.example.org:587?from=bot@example.org&to=a@example.org,b@example.org",
        repr=False,
    )

    heartbeat_url: Annotated[str | None, AfterValidator(to_heartbeat_url)] = described(
        "must be http:// or https:// and a host", "https://hc-ping.com/your-uuid", repr=False
    )  #: its path is a secret

    log_level: LogLevel = described("must be DEBUG, INFO, WARNING, ERROR or CRITICAL", "INFO", "INFO")
    log_format: LogFormat = described("must be text or json", "json", "text")
    log_file: File | None = described("must be the path of a file", "bot.log")

    render: Annotated[bool, BeforeValidator(is_set)] = False  #: set by Render, not by us

    @property
    def is_postgresql(self) -> bool:
        """Whether the database is a PostgreSQL server."""
        return self.database_url.startswith("postgresql://")

    @property
    def sqlite_path(self) -> Path | None:
        """The file of the SQLite database as it was written, relative to the working directory; None on PostgreSQL."""
        return None if self.is_postgresql else Path(self.database_url.removeprefix("sqlite:///"))

    @property
    def offer_timeout(self) -> timedelta:
        """How long an offer stands."""
        return timedelta(minutes=self.offer_timeout_minutes)

    @property
    def crisis_offer_timeout(self) -> timedelta:
        """How long an offer of a crisis session stands."""
        return timedelta(seconds=self.crisis_offer_timeout_seconds)

    @property
    def session_timeout(self) -> timedelta:
        """How long a conversation stands without a message; a reminder comes at half of it."""
        return timedelta(hours=self.session_timeout_hours)

    @property
    def session_retention(self) -> timedelta:
        """How long the content of an ended session is kept."""
        return timedelta(days=self.session_retention_days)

    @property
    def scheduler_check_interval(self) -> timedelta:
        """How long the scheduler's clock sleeps at most."""
        return timedelta(seconds=self.scheduler_check_interval_seconds)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no log may show: the token, the keys, and both passwords, in the forms in which they may appear."""
        token = [self.bot_token.get_secret_value()] if self.bot_token else []
        keys = [base64.b64encode(key).decode().rstrip("=") for key in self.encryption_key or ()]
        urlsafe = [key.replace("+", "-").replace("/", "_") for key in keys]
        mail = [self.smtp_url.password] if self.smtp_url and self.smtp_url.password else []
        written = [quote(password, safe="") for password in mail]
        urls = [self.heartbeat_url] if self.heartbeat_url else []
        return tuple(dict.fromkeys([*token, *keys, *urlsafe, *_passwords(self.database_url), *mail, *written, *urls]))

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take only what `load` read: it needs both origins itself, for the misspellings and for the error lines."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)


class _Origin(EnvSettingsSource):
    """Variables from one place: the environment, or the file."""

    def __init__(self, variables: Mapping[str, str | None]) -> None:
        self._variables = variables
        super().__init__(Settings)

    def _load_env_vars(self) -> Mapping[str, str]:
        """Return what is set; blank means absent."""
        return {name: value.strip() for name, value in self._variables.items() if value and value.strip()}


def load(environ: Mapping[str, str] | None = None, env_file: Path | None = Path(".env")) -> Settings:
    """Return the settings: the environment wins over *env_file*, which may be missing; empty means absent.

    Args:
        environ: In place of the environment of this process.
        env_file: None where only the environment counts.

    Raises:
        SettingsError: A value cannot be used, a name is misspelt, or the file cannot be read; all of them at once.
    """
    lines: list[str] = []
    written: Mapping[str, str | None] = _read(env_file, lines) if env_file else {}
    origins = [_Origin(written), _Origin(os.environ if environ is None else environ)]
    given = {name: value for origin in origins for name, value in origin.env_vars.items() if value}
    values = {name: value for origin in origins for name, value in origin().items()}
    lines += _misspelt(given)
    try:
        settings = Settings(**values)
    except ValidationError as error:
        bad = {str(details["loc"][0]): _fault(details) for details in error.errors(include_input=False, include_url=False)}
        # what was not given cannot be bad: pydantic names a default that it could not make because of another's error
        raise SettingsError([*lines, *(_bad_value(name, fault, given) for name, fault in bad.items() if name in given)]) from None
    if lines:
        raise SettingsError(lines)
    return settings


def _read(env_file: Path, lines: list[str]) -> Mapping[str, str | None]:
    """Return the variables of *env_file*; add a line where it or a statement in it cannot be read, without its text."""
    try:
        text = env_file.read_text("utf-8-sig")  # Notepad writes a byte order mark
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        lines.append(f"{env_file}: cannot be read ({reason}): must be a text file in UTF-8, e.g. a copy of .env.example")
        return {}
    bindings = list(parse_stream(io.StringIO(text)))
    bad = [_first_line(binding.original) for binding in bindings if binding.error]
    lines.extend(f"{env_file}: line {line} cannot be read: must be NAME=value, e.g. LOG_LEVEL=INFO" for line in bad)
    return dotenv_values(stream=io.StringIO("".join(binding.original.string for binding in bindings if not binding.error)))


def _first_line(statement: Original) -> int:
    """Return the line on which *statement* begins; python-dotenv counts the blank lines before it in."""
    text = statement.string
    return statement.line + text[: len(text) - len(text.lstrip())].count("\n")


def _variables() -> dict[str, str]:
    """Return the field of each variable that is ours."""
    return {str(field.validation_alias): name for name, field in Settings.model_fields.items()}


def _misspelt(names: Iterable[str]) -> list[str]:
    """Return a line for each unknown name that begins like one of ours and is close to one."""
    known = [name for name in _variables() if "_" in name]
    beginnings = {name.split("_")[0] for name in known}
    unknown = [name for name in names if name not in LATER | FOREIGN and name not in known]
    ours = [name for name in unknown if name.upper().split("_")[0] in beginnings]
    close = [(name, difflib.get_close_matches(name.upper(), known, n=1, cutoff=0.8)) for name in ours]
    return [f"{_printable(name)}: unknown variable; did you mean {meant[0]}?" for name, meant in close if meant]


def _fault(details: ErrorDetails) -> str:
    """Return what is wrong with a value, where its rule says more than that."""
    error = details.get("ctx", {}).get("error")
    return f"{error}: " if isinstance(error, Unfit) else ""


def _bad_value(variable: str, fault: str, given: Mapping[str, str]) -> str:
    """Return the line about a value that cannot be used: what was given, what is wrong, the rule, an example."""
    field = Settings.model_fields[_variables()[variable]]
    example: str = (field.examples or [""])[0]
    return f"{variable}={_shown(variable, given)}: {fault}{field.description}, e.g. {example}"


def _shown(variable: str, given: Mapping[str, str]) -> str:
    """Return a value as an error line may repeat it; a secret that was pasted into the wrong variable is none either."""
    value = given.get(variable, "")
    if variable in {"BOT_TOKEN", "ENCRYPTION_KEY", "HEARTBEAT_URL"}:
        return "***"
    if variable == "SMTP_URL" or (variable == "DATABASE_URL" and not value.lower().startswith("sqlite:")):
        scheme = re.match(r"[A-Za-z]{1,20}(\+[a-z0-9]{1,20})?://", value)
        return f"{scheme.group() if scheme else ''}***"
    for secret in _given_secrets(given):
        value = value.replace(secret, "***")
    value = _SECRET.sub("***", value)
    return _printable(re.sub(r"://.*@", "://***@", value, flags=re.DOTALL))


def _given_secrets(given: Mapping[str, str]) -> list[str]:
    """Return the secrets as they were given, the longest first."""
    urls = [given.get("DATABASE_URL", ""), given.get("SMTP_URL", "")]
    whole = [given.get("BOT_TOKEN", ""), *(url for url in urls if "@" in url)]
    passwords = [*_passwords(urls[0]), *_passwords(urls[1].partition("?")[0])]
    secrets = [*whole, *items(given.get("ENCRYPTION_KEY", "")), *passwords]
    return sorted(filter(None, secrets), key=len, reverse=True)


def _passwords(url: str) -> list[str]:
    """Return the passwords in *url*, as they are written and as they are meant."""
    written = re.findall(r"://[^:@/]*:(.+)@", url) + re.findall(r"[?&](?:ssl)?password=([^&#]+)", url)
    return [form for password in written for form in (password, unquote(password))]


def _printable(text: str) -> str:
    """Return *text* on one line, without control characters, and not too long."""
    escaped = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text[:_LONGEST_SHOWN])
    return escaped if len(text) <= _LONGEST_SHOWN else f"{escaped}…"
