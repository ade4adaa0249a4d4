"""What admins and tasks did in a month, in one file that only the holders of the keys can read.

The file is a list of JSON objects, one on each line, compressed (gzip) and encrypted with age (age-encryption.org/v1) to
``BACKUP_RECIPIENTS``: ``age -d -i KEY FILE | gunzip`` shows it. The server holds nothing with which it could read it again.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bot.domain.errors import Conflict
from bot.domain.ids import Clock
from bot.domain.text import Text
from bot.storage import archive, files
from bot.storage.copies import CopyFailed
from bot.storage.database import Database, Row, Turn

FOLDER = "archive"  #: in ``BACKUP_DIR``
_PREFIX, _SUFFIX = "hu_counseling_logs", ".jsonl.gz.age"
_ROWS_AT_ONCE = 200
_NO_RECIPIENTS = Text(
    "The logs are only archived encrypted, and BACKUP_RECIPIENTS is not set: give it an age recipient, for example "
    "BACKUP_RECIPIENTS=age1…, as age-keygen shows it, and run archive_logs again."
)


@dataclass(frozen=True, slots=True)
class Archived:
    """An archive that lies in the folder."""

    path: Path
    counts: dict[str, int]  #: lines, by what they are about


@dataclass(frozen=True, slots=True, kw_only=True)
class Archiving:
    """Archives of the audit log and of the runs."""

    db: Database
    clock: Clock
    zone: ZoneInfo  #: whose first of the month it is
    folder: Path  #: ``BACKUP_DIR``
    recipients: Sequence[str]  #: ``BACKUP_RECIPIENTS``

    async def archive_last_month(self, *, between: Callable[[], Awaitable[None]]) -> Archived:
        """Write the archive of the month before this one, in place of an earlier one of the same month.

        Args:
            between: Awaited after each piece; may end the work by raising.

        Raises:
            Conflict: ``BACKUP_RECIPIENTS`` is not set.
            CopyFailed: The folder cannot be written.
        """
        if not self.recipients:
            raise Conflict(_NO_RECIPIENTS)
        since, until = _last_month(self.clock().astimezone(self.zone))
        packed, counts = BytesIO(), Counter[str](audit=0, run=0)
        with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as file:
            async for kind, rows in self._rows(since, until):
                counts[kind] += len(rows)
                await asyncio.to_thread(_write, file, kind, rows)
                await between()
        path = self.folder / FOLDER / f"{_PREFIX}_{since:%Y-%m}{_SUFFIX}"
        manifest = {"month": f"{since:%Y-%m}", "recipients": len(self.recipients), "counts": dict(counts)}
        await asyncio.to_thread(_store, path, packed.getvalue(), self.recipients, manifest)
        return Archived(path, dict(counts))

    async def _rows(self, since: datetime, until: datetime) -> AsyncGenerator[tuple[str, list[dict[str, Any]]]]:
        for kind, read in (("audit", self._audited), ("run", self._runs)):
            after = 0
            while rows := await read(since, until, after):
                after = rows[-1]["id"]
                yield kind, rows

    async def _audited(self, since: datetime, until: datetime, after: int) -> list[dict[str, Any]]:
        async with self.db.reading(Turn.MAINTENANCE) as tx:
            found = await archive.audited(tx, since=since, until=until, after=after, limit=_ROWS_AT_ONCE)
        return [dict(row) for row in found]

    async def _runs(self, since: datetime, until: datetime, after: int) -> list[dict[str, Any]]:
        """Return runs, each with its attempts and what it said."""
        async with self.db.reading(Turn.MAINTENANCE) as tx:
            found = await archive.runs(tx, since=since, until=until, after=after, limit=_ROWS_AT_ONCE)
            ids = [row["id"] for row in found]
            attempts = await archive.attempts(tx, ids) if ids else []
            lines = await archive.lines(tx, ids) if ids else []
        return await asyncio.to_thread(_joined, found, attempts, lines)


def _last_month(local: datetime) -> tuple[datetime, datetime]:
    """Return where the month before that of *local* begins and where it ends."""
    until = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (until - timedelta(days=1)).replace(day=1), until


def _joined(found: Sequence[Row], attempts: Sequence[Row], lines: Sequence[Row]) -> list[dict[str, Any]]:
    """Return runs, each with its own of the rest; called in a thread: there may be 200 lines of each."""
    tried, said = _by_run(attempts), _by_run(lines)
    return [
        {
            **row,
            **{name: json.loads(row[name]) for name in ("payload", "result") if row[name] is not None},
            "attempts": tried.get(row["id"], []),
            "log": said.get(row["id"], []),
        }
        for row in found
    ]


def _by_run(rows: Sequence[Row]) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["run_id"], []).append({name: value for name, value in row.items() if name != "run_id"})
    return found


def _write(file: gzip.GzipFile, kind: str, rows: Sequence[dict[str, Any]]) -> None:
    """Add lines to the archive."""
    lines = (json.dumps({"kind": kind, **row}, default=datetime.isoformat, ensure_ascii=False) for row in rows)
    file.write("".join(f"{line}\n" for line in lines).encode())


def _store(path: Path, packed: bytes, recipients: Sequence[str], manifest: dict[str, Any]) -> None:
    """Encrypt an archive and let it appear, behind its manifest.

    Raises:
        CopyFailed: The folder cannot be written.
    """
    pyrage: Any = import_module("pyrage")  # it has no types
    sealed: bytes = pyrage.encrypt(packed, [pyrage.x25519.Recipient.from_str(one) for one in recipients])
    manifest |= {"size": len(sealed), "sha256": hashlib.sha256(sealed).hexdigest()}
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        files.replace(path.with_name(f"{path.name}.json"), json.dumps(manifest, indent=1).encode())
        files.replace(path, sealed)
    except OSError as error:
        raise CopyFailed(
            Text("The archive could not be written to {folder}: {reason}.", folder=str(path.parent), reason=error.strerror or "")
        ) from error
