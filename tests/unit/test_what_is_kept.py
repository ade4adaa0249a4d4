"""The table of what is kept for how long: whole, and the same in the documents."""

from __future__ import annotations

from pathlib import Path

from bot.domain.retention import RULES, Data
from bot.storage.retention import ROWS
from bot.tasks import TASKS
from bot.texts import times

OPERATING = Path(__file__).parents[2] / "docs/operating.md"


def test_each_class_has_its_rule() -> None:
    """An age, a task that deletes it, and a condition; the figures of days have a table of their own."""
    assert list(Data) == list(RULES)
    assert {Data.DAYS} == set(Data) - set(ROWS)
    assert {rule.task for rule in RULES.values()} <= {name for name, task in TASKS.items() if task.deletes}


def test_the_documents_quote_it() -> None:
    """``docs/operating.md`` says of each class what the table says, in the same order."""
    lines = [
        f"| {data.replace('_', ' ')} | {times.span(rule.age)} | {rule.since} | {rule.what} | `{rule.task}` |"
        for data, rule in RULES.items()
    ]

    assert "\n".join(lines) in OPERATING.read_text("utf-8")
