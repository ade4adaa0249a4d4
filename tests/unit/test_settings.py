"""What can be set, and what is said about what cannot."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.settings import FOREIGN, LATER, Settings, SettingsError, load

TOKEN = "123456789:AAHsecretSecretSecretSecretSecretSe"
KEY = base64.b64encode(b"\xfb\xff" * 16).decode()
EXAMPLE = Path(__file__).parents[2] / ".env.example"
VARIABLES = {str(field.validation_alias): field for field in Settings.model_fields.values() if field.validation_alias != "RENDER"}
INTERVALS = ("BACKUP_INTERVAL_MINUTES", "CLEANUP_INTERVAL_MINUTES", "MATCH_INTERVAL_MINUTES")

RECIPIENT = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"  #: of age's own documentation


def lines_of(environ: Mapping[str, str], env_file: Path | None = None) -> list[str]:
    """Return the error lines that *environ* leads to, none where it is accepted."""
    try:
        load(environ, env_file)
    except SettingsError as error:
        return error.lines
    return []


def read(variable: str, value: str) -> object:
    """Return what *value* becomes."""
    fields = {str(field.validation_alias): name for name, field in Settings.model_fields.items()}
    return getattr(load({variable: value}, None), fields[variable])


# Defaults and origins


def test_without_anything_set() -> None:
    """Nothing has to be set: what is absent is None, all else has the default of the contract."""
    found = load({}, None)

    assert (None, (), None, None) == (found.bot_token, found.admin_ids, found.encryption_key, found.log_file)
    assert ("sqlite:///hu_counseling.db", Path("hu_counseling.db")) == (found.database_url, found.sqlite_path)
    assert (Path("backups"), 7, 4, 0) == (
        found.backup_dir,
        found.backup_keep_daily,
        found.backup_keep_weekly,
        found.backup_keep_monthly,
    )
    assert (30.0, 1.0, 20) == (found.send_per_second, found.send_per_chat_per_second, found.send_per_chat_burst)
    assert (3, 5, 3) == (found.scheduler_default_retries, found.scheduler_concurrency, found.max_sessions_per_counselor)
    assert ("INFO", "text") == (found.log_level, found.log_format)


def test_spans_of_time() -> None:
    """A span of time says its unit by its type."""
    found = load({}, None)

    assert timedelta(minutes=5) == found.offer_timeout
    assert timedelta(seconds=90) == found.crisis_offer_timeout
    assert timedelta(days=30) == found.session_retention
    assert timedelta(seconds=60) == found.scheduler_check_interval


def test_the_environment_wins(tmp_path: Path) -> None:
    """The environment wins over the file; where it is empty the file counts."""
    file = tmp_path / ".env"
    file.write_text("OFFER_TIMEOUT_MINUTES=7\nSESSION_RETENTION_DAYS=8\nLOG_LEVEL=DEBUG\n")
    found = load({"OFFER_TIMEOUT_MINUTES": "9", "SESSION_RETENTION_DAYS": "", "LOG_LEVEL": "  "}, file)

    assert (9, 8, "DEBUG") == (found.offer_timeout_minutes, found.session_retention_days, found.log_level)


def test_the_process_environment_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without arguments it is the environment of the process and ``.env`` in the working directory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("LOG_FORMAT=json\n")
    monkeypatch.setenv("MAX_SESSIONS_PER_COUNSELOR", "4")
    found = load()

    assert ("json", 4) == (found.log_format, found.max_sessions_per_counselor)


def test_a_missing_file_is_none(tmp_path: Path) -> None:
    """The file may be missing."""
    assert [] == lines_of({}, tmp_path / ".env")


def test_a_file_from_notepad(tmp_path: Path) -> None:
    """A byte order mark is no part of the first name."""
    file = tmp_path / ".env"
    file.write_text("OFFER_TIMEOUT_MINUTES=7\n", "utf-8-sig")

    assert 7 == load({}, file).offer_timeout_minutes


@pytest.mark.parametrize("variable", sorted(VARIABLES))
def test_empty_means_absent(variable: str) -> None:
    """Each variable may be set to nothing."""
    assert load({}, None) == load({variable: ""}, None)


def test_settings_do_not_change() -> None:
    """Nobody can change a setting."""
    with pytest.raises(ValueError, match="frozen"):
        load({}, None).log_level = "DEBUG"


# Values


@pytest.mark.parametrize(
    ("variable", "text", "expected"),
    [
        ("ADMIN_IDS", "1,2", (1, 2)),
        ("ADMIN_IDS", " 1 , 2,2, ", (1, 2)),
        ("BACKUP_INTERVAL_MINUTES", " 5 ", 5),
        ("BACKUP_INTERVAL_MINUTES", "525600", 525_600),
        ("BACKUP_KEEP_DAILY", "0", 0),
        ("BACKUP_RECIPIENTS", f" {RECIPIENT} , {RECIPIENT},", (RECIPIENT,)),
        ("ENCRYPTION_KEY", KEY, (b"\xfb\xff" * 16,)),
        ("ENCRYPTION_KEY", KEY.replace("+", "-").replace("/", "_").rstrip("="), (b"\xfb\xff" * 16,)),
        ("ENCRYPTION_KEY", f"{base64.b64encode(bytes(32)).decode()}, {KEY}", (bytes(32), b"\xfb\xff" * 16)),
        ("LOG_FORMAT", "JSON", "json"),
        ("LOG_LEVEL", "debug", "DEBUG"),
        ("PG_BIN_DIR", "/usr", Path("/usr")),
        ("RENDER", "true", True),
        ("RENDER", "false", False),
        ("SCHEDULER_CHECK_INTERVAL", "1", 1),
        ("SEND_PER_CHAT_PER_SECOND", "0.5", 0.5),
        ("SEND_PER_SECOND", "0", 0.0),
        ("HEARTBEAT_URL", "https://hc-ping.com/an-id?from=hu", "https://hc-ping.com/an-id?from=hu"),
        ("TELEGRAM_API_URL", "http://127.0.0.1:8081/", "http://127.0.0.1:8081"),
        ("TELEGRAM_API_URL", "https://example.org/telegram//", "https://example.org/telegram"),
    ],
)
def test_accepted(variable: str, text: str, expected: object) -> None:
    """What can be meant in only one way is accepted."""
    assert expected == read(variable, text)


@pytest.mark.parametrize(
    ("environ", "url", "path"),
    [
        ({"DB_PATH": "data/bot.db"}, "sqlite:///data/bot.db", Path("data/bot.db")),
        ({"DB_PATH": "/data/my bot.db"}, "sqlite:////data/my bot.db", Path("/data/my bot.db")),
        ({"DB_PATH": "a.db", "DATABASE_URL": "sqlite:///b.db"}, "sqlite:///b.db", Path("b.db")),
        ({"DATABASE_URL": "sqlite:////data/b.db"}, "sqlite:////data/b.db", Path("/data/b.db")),
        ({"DATABASE_URL": "postgres://u:p@h/d"}, "postgresql://u:p@h/d", None),
        ({"DATABASE_URL": "postgresql:///d?host=/run/pg"}, "postgresql:///d?host=/run/pg", None),
        ({"DATABASE_URL": "postgresql://postgres:@/d?host=/run/pg"}, "postgresql://postgres:@/d?host=/run/pg", None),
        ({"DATABASE_URL": "postgresql://u@[::1]:5432/d", "DB_PATH": "a.db"}, "postgresql://u@[::1]:5432/d", None),
    ],
)
def test_the_database(environ: dict[str, str], url: str, path: Path | None) -> None:
    """DATABASE_URL wins over DB_PATH; a SQLite database has a path, a PostgreSQL server has none."""
    found = load(environ, None)

    assert (url, path, path is None) == (found.database_url, found.sqlite_path, found.is_postgresql)


@pytest.mark.parametrize("variable", INTERVALS)
@pytest.mark.parametrize("value", ["0", "-5", "abc", "1.5", "1000000000000", "10**12", "1_0", "١", "525601", "5 m", "9" * 5000])
def test_an_interval_is_whole_minutes(variable: str, value: str) -> None:
    """Whatever is no whole number of minutes up to a year is one clear line."""
    (line,) = lines_of({variable: value})

    assert line.startswith(f"{variable}={value[:60]}")
    assert re.search(r": must be a whole number of minutes from 1 to 525600, e\.g\. \d+$", line)


def test_the_line_of_a_bad_value() -> None:
    """A line holds the variable, what was given, the rule and an example."""
    expected = "BACKUP_INTERVAL_MINUTES=1.5: must be a whole number of minutes from 1 to 525600, e.g. 1440"

    assert [expected] == lines_of({"BACKUP_INTERVAL_MINUTES": "1.5"})


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        *(("ADMIN_IDS", value) for value in ("abc", "1;2", "-1", "0", "1.0", str(2**52), "@sara")),
        *(("BACKUP_DIR", value) for value in ("a\0b", "s3://bucket")),
        *(("BOT_TOKEN", value) for value in ("abc", "123456", "123:short", "abc:AAExampleExample", f"{TOKEN} x")),
        *(("BACKUP_KEEP_DAILY", value) for value in ("-1", "10001")),
        *(("BACKUP_RECIPIENTS", value) for value in ("age1", f"{RECIPIENT}x", f"{RECIPIENT};{RECIPIENT}", "ssh-ed25519 AAAA")),
        *(("CRISIS_OFFER_TIMEOUT_SECONDS", value) for value in ("9", "3601")),
        *(("DATABASE_URL", value) for value in ("sqlite://a.db", "sqlite:///", "sqlite:///:memory:", "sqlite:///a?b", "a.db")),
        *(
            ("DATABASE_URL", value)
            for value in ("mysql://h/d", "postgresql://", "postgres", "postgresql://[h/d", "postgresql://h d")
        ),
        *(("DB_PATH", value) for value in ("/usr", "a/", "sqlite:///a.db", ":memory:", "a" * 5000 + "/")),
        *(("ENCRYPTION_KEY", value) for value in ("abc", KEY[:-4], f"{KEY},x", ",", "ä" * 43, f"{KEY};{KEY}")),
        *(("LOG_FILE", value) for value in ("/usr", "logs/")),
        *(("LOG_FORMAT", value) for value in ("xml",)),
        *(("LOG_LEVEL", value) for value in ("LOUD", "10")),
        *(("MAX_SESSIONS_PER_COUNSELOR", value) for value in ("0", "21")),
        *(("OFFER_TIMEOUT_MINUTES", value) for value in ("0", "1441")),
        *(("PG_BIN_DIR", value) for value in ("/nowhere", "/etc/passwd", "/etc/passwd/x", "a" * 5000)),
        *(("SCHEDULER_CHECK_INTERVAL", value) for value in ("0", "3601", "1.5")),
        *(("SCHEDULER_CONCURRENCY", value) for value in ("0", "51")),
        *(("SCHEDULER_DEFAULT_RETRIES", value) for value in ("-1", "21")),
        *(("SEND_PER_CHAT_BURST", value) for value in ("-1", "1.5")),
        *(("SEND_PER_SECOND", value) for value in ("-1", "inf", "nan", "1e3", "1,5")),
        *(("SESSION_RETENTION_DAYS", value) for value in ("0", "3651")),
        *(
            ("HEARTBEAT_URL", value)
            for value in ("hc-ping.com/id", "ftp://h/id", "https://", "https://h:x/", "https://h/a b", "http://h/#a")
        ),
        *(("TELEGRAM_API_URL", value) for value in ("api.telegram.org", "ftp://h", "https://", "https://h/bot", "https://h:x")),
        *(("TELEGRAM_API_URL", value) for value in ("https://h/bot1:a/", "https://h?a=b", "https://[h", "https://h h")),
    ],
)
def test_refused(variable: str, value: str) -> None:
    """Each value that cannot be used is one line that begins with the variable and ends with an example."""
    (line,) = lines_of({variable: value})

    assert line.startswith(f"{variable}=")
    assert line.endswith(f": {VARIABLES[variable].description}, e.g. {(VARIABLES[variable].examples or [''])[0]}")


@pytest.mark.parametrize("variable", sorted(VARIABLES.keys() - {"ENCRYPTION_KEY", "PG_BIN_DIR"}))
def test_the_example_is_good(variable: str) -> None:
    """What an error line proposes would be accepted; but for a key, which nobody may copy, and a folder of one system."""
    assert [] == lines_of({variable: (VARIABLES[variable].examples or ["?"])[0]})


def test_all_at_once(tmp_path: Path) -> None:
    """Every mistake is told at once, one line each, those of the file included."""
    file = tmp_path / ".env"
    file.write_text("LOG_LEVEL=LOUD\n\n= 5\nOFFER_TIMEOUT_MINUTE=5\n")
    found = lines_of({"ADMIN_IDS": "abc", "SCHEDULER_CHECK_INTERVAL": "0", "BOT_TOKENS": TOKEN}, file)

    assert [
        f"{file}: line 3 cannot be read: must be NAME=value, e.g. LOG_LEVEL=INFO",
        "OFFER_TIMEOUT_MINUTE: unknown variable; did you mean OFFER_TIMEOUT_MINUTES?",
        "BOT_TOKENS: unknown variable; did you mean BOT_TOKEN?",
        "ADMIN_IDS=abc: must be Telegram ids (positive whole numbers), separated by commas, e.g. 123456789,987654321",
        "SCHEDULER_CHECK_INTERVAL=0: must be a whole number of seconds from 1 to 3600, e.g. 60",
        "LOG_LEVEL=LOUD: must be DEBUG, INFO, WARNING, ERROR or CRITICAL, e.g. INFO",
    ] == found


def test_the_text_of_the_error() -> None:
    """The error's text is its lines."""
    with pytest.raises(SettingsError) as raised:
        load({"LOG_LEVEL": "LOUD", "LOG_FORMAT": "xml"}, None)

    assert "\n".join(raised.value.lines) == str(raised.value)
    assert 2 == len(raised.value.lines)


def test_one_line_is_one_line() -> None:
    """A value with line breaks or without end is told on one line of reasonable length."""
    (line,) = lines_of({"ADMIN_IDS": "a\nb\x1b[31m\ud800" + "c" * 5000})

    assert line.startswith(r"ADMIN_IDS=a\nb\x1b[31m\ud800ccc")
    assert 200 > len(line)


# Misspellings


@pytest.mark.parametrize("origin", ["environment", "file"])
@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("BACKUP_INTERVAL_MINUTE", "BACKUP_INTERVAL_MINUTES"),
        ("ADMIN_ID", "ADMIN_IDS"),
        ("BOT_TOKN", "BOT_TOKEN"),
        ("DATABASE_URI", "DATABASE_URL"),
        ("bot_token", "BOT_TOKEN"),
        ("LOG_LEVELS", "LOG_LEVEL"),
    ],
)
def test_a_misspelling(name: str, meant: str, origin: str, tmp_path: Path) -> None:
    """An unknown name that is close to one of ours is told, wherever it stands, and its value is not."""
    file = tmp_path / ".env"
    file.write_text(f"{name}={TOKEN}\n" if origin == "file" else "")
    found = lines_of({name: TOKEN} if origin == "environment" else {}, file)

    assert [f"{name}: unknown variable; did you mean {meant}?"] == found


@pytest.mark.parametrize("name", ["PATH", "PORTS", "PGDATA", "BOT_OWNER", "XBOT_TOKEN", "DB_HOST", "DATABASE_URL_UNPOOLED"])
def test_what_is_no_misspelling(name: str) -> None:
    """What is far from our names or begins like none of them is somebody else's."""
    assert [] == lines_of({name: "x"})


@pytest.mark.parametrize("name", sorted(LATER | FOREIGN))
def test_known_names_of_others(name: str) -> None:
    """What later issues will read, or a neighbour of ours reads, is no misspelling."""
    assert [] == lines_of({name: "x"})


# The file


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    """A file that is not UTF-8 is one line."""
    file = tmp_path / ".env"
    file.write_bytes(b"BOT_TOKEN=\xff\xfe\n")

    assert [f"{file}: cannot be read (not UTF-8): must be a text file in UTF-8, e.g. a copy of .env.example"] == lines_of(
        {}, file
    )


def test_a_folder_in_place_of_the_file(tmp_path: Path) -> None:
    """A file that cannot be opened is one line; Docker makes a folder where the file to mount is missing."""
    (line,) = lines_of({}, tmp_path)

    assert line.startswith(f"{tmp_path}: cannot be read (Is a directory)")


# Secrets


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"BOT_TOKEN": "123456789:hunter2!"}, "BOT_TOKEN=***: "),
        ({"ENCRYPTION_KEY": "hunter2!"}, "ENCRYPTION_KEY=***: "),
        ({"DATABASE_URL": "mysql://root:hunter2@host/db"}, "DATABASE_URL=mysql://***: "),
        ({"DATABASE_URL": "root:hunter2@host/db"}, "DATABASE_URL=***: "),
        ({"DATABASE_URL": "postgresql://root:hunter 2@host/db"}, "DATABASE_URL=postgresql://***: "),
        ({"DB_PATH": "postgresql://root:hunter2/@host/db"}, "DB_PATH=postgresql://***@host/db: "),
        ({"ADMIN_IDS": TOKEN}, "ADMIN_IDS=***: "),
        ({"ADMIN_IDS": KEY}, "ADMIN_IDS=***: "),
        ({"BACKUP_RECIPIENTS": "AGE-SECRET-KEY-1hunter2"}, "BACKUP_RECIPIENTS=***: "),
        ({"HEARTBEAT_URL": "hc-ping.com/hunter2"}, "HEARTBEAT_URL=***: "),
        ({"TELEGRAM_API_URL": f"https://api.telegram.org/bot{TOKEN}"}, "TELEGRAM_API_URL=https://api.telegram.org/bot***: "),
        ({"LOG_LEVEL": f"x{KEY}", "ENCRYPTION_KEY": KEY}, "LOG_LEVEL=x***: "),
        ({"LOG_LEVEL": "hunter2", "DATABASE_URL": "postgresql://u:hunter2@h/d"}, "LOG_LEVEL=***: "),
    ],
)
def test_no_secret_is_told(environ: dict[str, str], expected: str) -> None:
    """A secret is never repeated, not even where it was pasted into the wrong variable."""
    (line,) = lines_of(environ)

    assert line.startswith(expected)
    assert "hunter2" not in line


def test_no_secret_in_the_repr() -> None:
    """The settings can be printed."""
    found = repr(load({"BOT_TOKEN": TOKEN, "ENCRYPTION_KEY": KEY, "DATABASE_URL": "postgresql://u:hunter2@h/d"}, None))

    assert [] == [secret for secret in (TOKEN, KEY, repr(b"\xfb\xff" * 16), "hunter2") if secret in found]


def test_the_secrets_for_the_log() -> None:
    """The log is told each secret in the forms in which it may appear."""
    environ = {"BOT_TOKEN": TOKEN, "ENCRYPTION_KEY": KEY, "DATABASE_URL": "postgresql://u:hunter%402@h/d"}
    bare = KEY.rstrip("=")

    assert (TOKEN, bare, bare.replace("+", "-").replace("/", "_"), "hunter%402", "hunter@2") == load(environ, None).secrets
    assert ("https://h/hunter2",) == load({"HEARTBEAT_URL": "https://h/hunter2"}, None).secrets


VALUES = st.one_of(
    st.text(st.characters(exclude_characters="\0"), max_size=40),
    st.integers(-(10**13), 10**13).map(str),
    st.floats().map(str),
    st.sampled_from(
        ["", " 5 ", "1,2", "/usr", "sqlite:///a.db", "postgresql://u:p@h/d", "https://h", "json", "debug", "[1]", "{}"]
    ),
    st.sampled_from(
        [
            f"sqlite:{TOKEN}",
            f"https://h/bot{TOKEN}",
            f"x{KEY}x",
            f"\n{KEY},{TOKEN}",
            "postgres://u:Hunter2Hunter2@h",
            "smtp://u:Hunter2Hunter2@h?to=a@b",
        ]
    ),
)
NAMES = st.one_of(
    st.sampled_from(sorted(VARIABLES)),
    st.sampled_from(sorted(VARIABLES)).map(lambda name: name[:-1]),
    st.text(min_size=1, max_size=20),
)
SECRETS = st.fixed_dictionaries(
    {},
    optional={
        "BOT_TOKEN": st.sampled_from([TOKEN, f"{TOKEN}!"]),
        "ENCRYPTION_KEY": st.sampled_from([KEY, f"{KEY}!", f"x,{KEY}"]),
        "DATABASE_URL": st.sampled_from(
            ["postgresql://u:Hunter2Hunter2@h/d", "sql://Hunter2Hunter2@h", "sqlite://u:Hunter2Hunter2@"]
        ),
        "SMTP_URL": st.sampled_from(
            ["smtp://u:Hunter2Hunter2@h?from=a@b.c&to=d@e.f", "smtps://u:Hunter2Hunter2@h", "Hunter2Hunter2@h?"]
        ),
    },
)


@settings(max_examples=500, deadline=None)
@given(environ=st.dictionaries(NAMES, VALUES, max_size=12), secrets=SECRETS)
def test_any_environment(environ: dict[str, str], secrets: dict[str, str]) -> None:
    """Any environment gives settings or the one error, which tells no secret, wherever it was pasted."""
    told = "\n".join(lines_of(environ | secrets))

    assert [] == [secret for secret in (TOKEN, KEY, "Hunter2Hunter2") if secret in told]


@settings(max_examples=200, deadline=None)
@given(
    content=st.one_of(
        st.binary(max_size=200), st.text(max_size=200).map(lambda text: f"BOT_TOKEN={text}".encode("utf-8", "replace"))
    )
)
def test_any_file(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Any content of the file gives settings or the one error."""
    file = tmp_path_factory.getbasetemp() / "any.env"
    file.write_bytes(content)
    found = lines_of({}, file)

    assert [] == [line for line in found if "\n" in line]


# .env.example


def written() -> dict[str, tuple[str, bool]]:
    """Return what ``.env.example`` says of each variable: its value, and whether it is commented out."""
    found = re.findall(r"^(# )?([A-Z_]+)=(.*)$", EXAMPLE.read_text("utf-8"), re.MULTILINE)
    return {name: (value, bool(mark)) for mark, name, value in found}


def test_the_example_file_names_each_variable() -> None:
    """``.env.example`` names each of our variables once, and no other."""
    names = re.findall(r"^(?:# )?([A-Z_]+)=", EXAMPLE.read_text("utf-8"), re.MULTILINE)

    assert sorted(VARIABLES) == sorted(names)


def test_the_example_file_leaves_only_the_token_open() -> None:
    """All but the token is commented out, with a comment above."""
    lines = EXAMPLE.read_text("utf-8").splitlines()
    bare = [line for above, line in pairwise(lines) if re.match(r"(# )?[A-Z_]+=", line) and not above.startswith("# ")]

    assert {"BOT_TOKEN"} == {name for name, (_, is_comment) in written().items() if not is_comment}
    assert [] == bare


def test_the_example_file_shows_the_defaults() -> None:
    """Where every line of it counted, nothing would change; and a default that is no absence is shown."""
    environ = {name: value for name, (value, _) in written().items()}
    shown = {name for name, value in environ.items() if value}
    absent = {
        name for name, field in VARIABLES.items() if field.get_default(call_default_factory=True, validated_data={}) in (None, ())
    }

    assert load({}, None) == load(environ, None)
    assert VARIABLES.keys() - absent == shown
