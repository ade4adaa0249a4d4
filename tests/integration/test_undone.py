"""SQLite can undo a whole transaction by itself, at an error of the disk: nothing that follows in it may be committed."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.app import App
from bot.domain.errors import Conflict
from bot.storage import leases
from bot.storage.database import DatabaseUnavailable, Transaction
from tests.support import rows

AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
pytestmark = pytest.mark.parametrize("environment", ["sqlite"], indirect=True)


async def put(tx: Transaction, name: str) -> None:
    """Write a row."""
    await leases.take(tx, name, "test", at=AT, expires_at=AT)


async def undo_all(tx: Any) -> None:
    """Do what SQLite does at an error of the disk."""
    await tx.execute("ROLLBACK")


async def names(app: App) -> set[str]:
    """Return which rows of ``put`` are committed."""
    return {row["name"] for row in await rows(app, "SELECT name FROM lease")}


@pytest.mark.parametrize("error", [None, Conflict("no"), ZeroDivisionError()])
async def test_what_leaves_the_savepoint_tells_that_all_is_undone(app: App, error: Exception | None) -> None:
    """However the block ends, who is outside must not take it for a refusal that undid the block alone."""
    with pytest.raises(DatabaseUnavailable, match="undone the transaction"):
        async with app.db.transaction() as tx:
            await put(tx, "outer")
            async with app.db.transaction() as inner:
                await put(inner, "inner")
                await undo_all(inner)
                if error is not None:
                    raise error

    assert set() == await names(app)


async def test_a_statement_behind_it_is_refused(app: App) -> None:
    """Whoever goes on all the same cannot write, neither inside nor outside the savepoint, nor in a new one, nor read."""
    refused = list[str]()
    with pytest.raises(DatabaseUnavailable):
        async with app.db.transaction() as tx:
            await put(tx, "before")
            with suppress(DatabaseUnavailable):
                async with app.db.transaction() as inner:
                    await undo_all(inner)
            for name in ("after", "inside another"):
                try:
                    await put(tx, name)
                except DatabaseUnavailable:
                    refused.append(name)
            try:
                async with app.db.transaction() as inner:
                    await put(inner, "inside another")
            except DatabaseUnavailable:
                refused.append("inside a new one")
            await tx.fetch_all("SELECT name FROM lease")

    assert ["after", "inside another", "inside a new one"] == refused
    assert set() == await names(app)


async def test_the_next_transaction_goes_on(app: App) -> None:
    """The connection is as good as before, also where savepoints lay in savepoints."""
    with pytest.raises(DatabaseUnavailable):
        async with app.db.transaction() as tx:
            await put(tx, "outer")
            async with app.db.transaction() as middle:
                await put(middle, "middle")
                async with app.db.transaction() as inner:
                    await put(inner, "inner")
                    await undo_all(inner)
                    raise Conflict("no")
    async with app.db.transaction() as tx:
        await put(tx, "next")
        with suppress(Conflict):
            async with app.db.transaction() as inner:
                await put(inner, "refused")
                raise Conflict("no")

    assert {"next"} == await names(app)


async def test_who_swallows_it_is_told_at_the_commit(app: App) -> None:
    """A block that ends as if nothing had been does not pass for one that is committed."""
    with pytest.raises(Exception, match=r"(?i)transaction"):
        async with app.db.transaction() as tx:
            await put(tx, "outer")
            await undo_all(tx)

    assert set() == await names(app)
