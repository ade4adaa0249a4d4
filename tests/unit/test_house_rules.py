"""The rules of the house that no linter knows: where things stand, how long they are, what must say the same in two places."""

from __future__ import annotations

import ast
import asyncio
import importlib
import pkgutil
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

import bot
from bot import texts
from bot.commands import console, running
from bot.domain.errors import BotError
from bot.domain.text import Text
from bot.playground.html_text import parse_html
from bot.scheduler.defaults import DEFAULTS
from bot.settings import Settings
from bot.tasks import TASKS

ROOT = Path(__file__).parents[2]
README, EXAMPLE, RENDER = ROOT / "README.md", ROOT / ".env.example", ROOT / "render.yaml"

MODULES = {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text("utf-8")) for path in sorted((ROOT / "bot").rglob("*.py"))}
TESTS = {path: ast.parse(path.read_text("utf-8")) for path in sorted((ROOT / "tests").rglob("test_*.py"))}

MOST_MODULE_LINES, MOST_FUNCTION_LINES = 400, 50
ABSENT = "–"  #: what the README's table says where a setting has no default

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(tree: ast.AST) -> Iterator[Function]:
    """Yield every function and method."""
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def length(function: Function) -> int:
    """Return how many lines a function has; its docstring is not counted."""
    first = function.body[0]
    is_docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    docstring = (first.end_lineno or 0) - first.lineno + 1 if is_docstring else 0
    return (function.end_lineno or 0) - function.lineno + 1 - docstring


def imported(tree: ast.AST) -> set[str]:
    """Return what a module imports, by the full name of each module or of the name in it."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def importing(package: str) -> set[str]:
    """Return the files in ``bot`` that import *package* or something in it."""
    return {path for path, tree in MODULES.items() if any(f"{name}.".startswith(f"{package}.") for name in imported(tree))}


# Size


def test_no_module_is_too_long() -> None:
    """A module that outgrows 400 lines has more than one subject."""
    lines = {path: len((ROOT / path).read_text("utf-8").splitlines()) for path in MODULES}

    assert {} == {path: count for path, count in lines.items() if count > MOST_MODULE_LINES}


def test_no_function_is_too_long() -> None:
    """A function is read on one screen."""
    long = {f"{path}:{one.name}": length(one) for path, tree in MODULES.items() for one in functions(tree)}

    assert {} == {name: lines for name, lines in long.items() if lines > MOST_FUNCTION_LINES}


# Who may do what


def test_only_the_transport_knows_telegram() -> None:
    """``telegram`` is imported by the transport and by what starts and stops it."""
    allowed = {"bot/lifecycle.py", "bot/demonstration.py"}

    assert set() == {path for path in importing("telegram") - allowed if not path.startswith("bot/telegram/")}


def test_only_the_demo_knows_the_playground() -> None:
    """The bot knows nothing of the Bot API server that the demo and the tests run it against."""
    allowed = {"bot/demonstration.py", "bot/cli.py"}

    assert set() == {path for path in importing("bot.playground") - allowed if not path.startswith("bot/playground/")}


def test_nothing_is_printed() -> None:
    """What is said goes to the log, or through the command line's own echo."""
    calls = {(path, node) for path, tree in MODULES.items() for node in ast.walk(tree) if isinstance(node, ast.Call)}

    assert set() == {path for path, call in calls if isinstance(call.func, ast.Name) and call.func.id == "print"}


# Tasks and storage


def test_every_task_is_listed() -> None:
    """Each file in ``tasks`` is one task of the table, and bears its name."""
    files = {Path(path).stem for path in MODULES if path.startswith("bot/tasks/")} - {"__init__", "base", "installed", "payloads"}

    assert files == TASKS.keys()
    assert {name: importlib.import_module(f"bot.tasks.{name}").task for name in files} == TASKS
    assert all(name == task.name for name, task in TASKS.items())


def test_the_readme_says_when_each_task_runs() -> None:
    """Every default schedule has its row, and every task is named."""
    readme = README.read_text("utf-8")

    assert [] == [default.task for default in DEFAULTS if f"| `{default.task}` |" not in readme]
    assert [] == [name for name in TASKS if f"`{name}`" not in readme]


def test_all_takes_tasks_that_there_are() -> None:
    """``all`` on the command line is made of tasks of the table."""
    assert set(running.ALL) <= TASKS.keys()


def test_both_databases_take_the_same_steps() -> None:
    """Each migration is there for SQLite and for PostgreSQL, under one name, numbered without a gap."""
    folders = [ROOT / "bot/storage/migrations" / name for name in ("sqlite", "postgresql")]
    sqlite, postgresql = ([path.name for path in sorted(folder.glob("*.sql"))] for folder in folders)

    assert sqlite == postgresql
    assert [f"{number:04}" for number in range(1, len(sqlite) + 1)] == [name.split(".")[0] for name in sqlite]


# Settings


def rows_of_settings() -> list[tuple[str, str]]:
    """Return name and default of each row of the README's table of settings."""
    found = re.findall(r"^\| `([A-Z_]+)` \| (?:`([^`]*)`|–) \| ", README.read_text("utf-8"), re.MULTILINE)
    return [(name, default or ABSENT) for name, default in found]


def test_the_readme_lists_each_setting() -> None:
    """The README's table says of each variable what ``.env.example`` says, once and in the same order."""
    written = re.findall(r"^(?:# )?([A-Z_]+)=(.*)$", EXAMPLE.read_text("utf-8"), re.MULTILINE)

    assert [(name, default or ABSENT) for name, default in written] == rows_of_settings()


# render.yaml; there is no YAML parser without a dependency more, and what matters are single lines


def variables_of_render() -> dict[str, str]:
    """Return what ``render.yaml`` says of each variable: its value, or that Render asks for it."""
    found = re.findall(r"^ +- key: ([A-Z_]+)(?: +#.*)?\n +(value|sync): (\S+)", RENDER.read_text("utf-8"), re.MULTILINE)
    return {name: value if kind == "value" else f"{kind}: {value}" for name, kind, value in found}


def test_render_sets_what_there_is() -> None:
    """Each variable in ``render.yaml`` is one of ours, and a secret is never written there."""
    variables = variables_of_render()
    ours = {str(field.validation_alias) for field in Settings.model_fields.values()}

    assert RENDER.read_text("utf-8").count("- key: ") == len(variables)
    assert {"PYTHON_VERSION"} == variables.keys() - ours
    assert {"sync: false"} == {variables[name] for name in ("BOT_TOKEN", "ADMIN_IDS", "ENCRYPTION_KEY")}


def test_render_keeps_data_on_its_disk() -> None:
    """Database and backups lie under the mount of the disk, and the bot has time to stop."""
    text, variables = RENDER.read_text("utf-8"), variables_of_render()

    assert "mountPath: /var/data " in text
    assert variables["DATABASE_URL"].startswith("sqlite:////var/data/")
    assert variables["BACKUP_DIR"].startswith("/var/data/")
    assert "startCommand: exec python -m bot run " in text
    assert "maxShutdownDelaySeconds: 60 " in text


# Errors


def modules() -> list[str]:
    """Return the names of all modules of ``bot`` that can be imported without starting something."""
    return [one.name for one in pkgutil.walk_packages(bot.__path__, "bot.") if not one.name.endswith("__main__")]


def refusals() -> set[type[BotError]]:
    """Return every kind of refusal in ``bot``."""
    for name in modules():
        importlib.import_module(name)
    waiting, found = [BotError], {BotError}
    while waiting:
        subclasses = [kind for kind in waiting.pop().__subclasses__() if kind.__module__.startswith("bot.")]
        waiting += subclasses
        found |= set(subclasses)
    return found


#: What a command ends with (CONTRACT.md, *Exit codes*); whoever adds a refusal decides it here.
EXIT_CODES = {
    "AmbiguousTime": 2,
    "BotError": 1,
    "ChartFailed": 1,
    "Conflict": 1,
    "CopyFailed": 1,
    "DatabaseInUse": 75,
    "DatabaseTooNew": 2,
    "InvalidInput": 2,
    "MailDelayed": 1,
    "MailRefused": 1,
    "MayNotCreate": 1,
    "MustBeRestored": 1,
    "NotAllowed": 1,
    "NotFound": 1,
    "TaskBusy": 75,
    "TokenRefused": 1,
    "Unreadable": 1,
    "WrongKey": 2,
    "WrongSetup": 1,
}


def test_each_refusal_has_an_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    """A command that is refused ends with the code that was decided on, and with its sentence as the only line."""
    ended: dict[str, object] = {}
    for kind in refusals():

        async def refuse(kind: type[BotError] = kind) -> None:
            await asyncio.sleep(0)
            raise kind("This is why.")

        with pytest.raises(SystemExit) as caught:
            console.run(refuse)
        ended[kind.__name__] = caught.value.code

        assert ("", "This is why.\n") == capsys.readouterr()

    assert EXIT_CODES == ended


def test_each_refusal_can_be_shown_to_a_person() -> None:
    """The Telegram worker answers with the ``text`` of a refusal: each kind keeps it, and the log may print it."""
    assert {"5 &lt; 6"} == {kind(Text("{claim}", claim="5 < 6")).text.render() for kind in refusals()}
    assert all(kind.is_safe for kind in refusals())


def test_the_worker_answers_every_refusal() -> None:
    """What handlers raise is caught in one place, by the class that all refusals share, before any other error."""
    tree = MODULES["bot/telegram/worker.py"]
    handle = next(one for one in functions(tree) if one.name == "_handle")
    caught = [ast.unparse(node.type) for node in ast.walk(handle) if isinstance(node, ast.ExceptHandler) and node.type]
    handlers = [tree for path, tree in MODULES.items() if path.startswith("bot/telegram/handlers/")]

    assert ["BotError"] == caught
    assert [] == [node for tree in handlers for node in ast.walk(tree) if isinstance(node, ast.Try)]


# Texts


def templates() -> dict[str, Text]:
    """Return every text of the catalogue, by module and name."""
    found: dict[str, Text] = {}
    for name in (one.name for one in pkgutil.iter_modules(texts.__path__)):
        for constant, value in vars(importlib.import_module(f"bot.texts.{name}")).items():
            entries = value.items() if isinstance(value, dict) else [("", value)]
            found |= {f"{name}.{constant}{key and f'[{key}]'}": text for key, text in entries if isinstance(text, Text)}
    return found


def fields(template: str) -> set[str]:
    """Return the names in a template; a ``ValueError`` where it is none."""
    return {field for _, field, _, _ in Formatter().parse(template) if field is not None}


@pytest.mark.parametrize(("name", "text"), [pytest.param(*item, id=item[0]) for item in templates().items()])
def test_a_text_is_good_html(name: str, text: Text) -> None:
    """A template fills in, and Telegram understands it with what people type."""
    names = fields(text.template)
    filled = text(**dict.fromkeys(names, "<b>&_*{x}"))

    assert all(field.isidentifier() for field in names), name
    parse_html(filled.render())
    assert text.template.count("<") == filled.render().count("<")


def test_the_help_lines_are_good_html() -> None:
    """The help lines can be shown whatever else is broken."""
    shown, _ = parse_html(texts.help_lines().render())

    assert "help" in shown


#: Texts that are handed on as templates and filled in there.
HANDED_ON = {"counselor.FROM_STUDENT", "student.FROM_COUNSELOR"}


def aliases_of_texts(tree: ast.AST) -> dict[str, str]:
    """Return under which names a module knows the modules of texts."""
    found = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module == "bot.texts"]
    return {alias.asname or alias.name: alias.name for node in found for alias in node.names}


def uses_of_texts(tree: ast.AST) -> Iterator[tuple[str, set[str] | None]]:
    """Yield each text that a module uses, with the names of what it fills in; None where only the running program knows."""
    aliases = aliases_of_texts(tree)
    called: dict[int, set[str] | None] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            named = [keyword.arg for keyword in node.keywords]
            called[id(node.func)] = None if None in named else {name for name in named if name}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in aliases:
            yield f"{aliases[node.value.id]}.{node.attr}", called.get(id(node), set())


def test_callers_fill_in_what_a_text_names() -> None:
    """Each use of a text gives exactly the values that its template names."""
    known = templates()
    uses = [(path, name, given) for path, tree in MODULES.items() for name, given in uses_of_texts(tree)]
    checked = [use for use in uses if use[1] in known and use[1] not in HANDED_ON and use[2] is not None]

    assert len(checked) > len(known) / 2
    assert [] == [(path, name, given) for path, name, given in checked if given != fields(known[name].template)]


def test_sentences_outside_the_catalogue_are_filled_in() -> None:
    """Each ``Text("… {name}", name=…)`` gives exactly the values that it names."""
    calls = [(path, node) for path, tree in MODULES.items() for node in ast.walk(tree) if isinstance(node, ast.Call)]
    texts_ = [(path, call) for path, call in calls if isinstance(call.func, ast.Name) and call.func.id == "Text" and call.args]
    literal = [
        (path, template.value, {keyword.arg for keyword in call.keywords})
        for path, call in texts_
        if isinstance(template := call.args[0], ast.Constant) and isinstance(template.value, str)
        if not path.startswith("bot/texts/") and path != "bot/demonstration.py"  # rich has a Text of its own
    ]

    assert literal
    assert [] == [(path, template) for path, template, given in literal if fields(template) != given]


def test_the_topics() -> None:
    """The topics are those that the database may remember, in this order."""
    keys = ["academic_career", "mental_emotional", "relationships_social", "life_skills_growth", "crisis_substance", "other"]

    assert keys == list(texts.topics())
    assert all(topic.keywords and topic.icon and topic.label and topic.description for topic in texts.topics().values())


# Tests, documents, repository


def test_every_test_says_what_is_true() -> None:
    """Each test has a docstring."""
    bare = [f"{path.name}:{one.name}" for path, tree in TESTS.items() for one in functions(tree) if not ast.get_docstring(one)]

    assert [] == [name for name in bare if name.split(":")[1].startswith("test_")]


def test_test_modules_have_names_of_their_own() -> None:
    """No two test modules share a name, so that a report says where to look."""
    assert [] == [name for name, count in Counter(path.name for path in TESTS).items() if count > 1]


@pytest.mark.parametrize("name", ["test", "demo"])
def test_the_readme_has_the_commands_that_are_checked(name: str) -> None:
    """``.ci/run`` finds each command in the README: one line in a code block behind its mark."""
    found = re.findall(rf"^<!-- {name} -->\n```sh\n(.+)\n```$", README.read_text("utf-8"), re.MULTILINE)

    assert 1 == len(found)
    assert found[0].startswith("python3 -m venv .venv && .venv/bin/pip install ")


@pytest.mark.parametrize("document", ["README.md", "docs/architecture.md", "docs/tasks.md"])
def test_documents_name_what_there_is(document: str) -> None:
    """Every path of ours that a document names exists."""
    named = re.findall(r"`((?:bot|tests|bench|docs|\.ci)/[\w./-]*)`", (ROOT / document).read_text("utf-8"))

    assert named
    assert [] == [path for path in named if not (ROOT / path).exists()]


def test_lock_files_name_no_registry() -> None:
    """A lock file works with whatever registry a machine has."""
    names = ("*.lock", "pylock*.toml", "requirements*.txt", "package-lock.json")
    locks = [path for name in names for path in ROOT.glob(name) if not path.name.endswith(".db.lock")]

    assert [] == [path.name for path in locks if re.search(r"https?://", path.read_text("utf-8"))]


def test_nothing_is_left_to_do() -> None:
    """What is left to do stands in an issue, not in a comment."""
    mark = re.compile("|".join(("TO" + "DO", "FIX" + "ME")))
    folders = [ROOT / name for name in ("bot", "tests", "bench", "docs", ".ci")]
    inside = [path for folder in folders for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    beside = [path for pattern in ("*.md", "*.py", "*.toml", "*.yaml", ".env.example") for path in ROOT.glob(pattern)]

    assert [] == [path.name for path in (*inside, *beside) if mark.search(path.read_text("utf-8", errors="ignore"))]
