"""The tables ``person`` and ``dialog``: who wrote to us, what they agreed to, and the form they are half way through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString, NamedTuple

from bot.domain.ids import KeyId, PersonId, SessionId
from bot.storage.database import Row, Transaction, inserted, spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who wrote to the bot, or whom a command made known to it."""

    id: PersonId
    telegram_id: bytes  #: sealed by the person's key
    key_id: KeyId
    language: str
    counselor_status: str | None  #: None where they are no counselor and never asked to be
    counselor_name: bytes | None  #: sealed by the person's key
    is_admin: bool  #: appointed by another admin; those of ``ADMIN_IDS`` are not marked here
    current_session_id: SessionId | None  #: of several conversations, the one that what they write is meant for
    current_at: datetime | None  #: when they last chose it or wrote to it; None since another one of theirs ended
    is_reachable: bool  #: False once Telegram has said that the bot is blocked or the chat is gone
    consent_version: int | None


class Address(NamedTuple):
    """What one has to know of somebody to write to them."""

    id: PersonId
    key_id: KeyId
    language: str


#: A person, with what is needed of the counselor they may be: one question in place of two for every message.
_PERSON: LiteralString = """
    SELECT person.*, counselor.status AS counselor_status, counselor.name AS counselor_name
      FROM person LEFT JOIN counselor ON counselor.id = person.id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialog:
    """A form that is half filled in."""

    step: str
    data: bytes  #: sealed by the person's key
    updated_at: datetime


async def add(tx: Transaction, *, telegram_hash: bytes, telegram_id: bytes, key_id: KeyId, at: datetime) -> Person:
    """Add a person, or return the one whom another transaction has just added; *telegram_id* is sealed by the key."""
    row = await tx.fetch_one(
        """
        INSERT INTO person (telegram_hash, telegram_id, key_id, created_at)
        VALUES (:telegram_hash, :telegram_id, :key_id, :at)
        ON CONFLICT (telegram_hash) DO UPDATE SET telegram_hash = excluded.telegram_hash
        RETURNING id
        """,
        telegram_hash=telegram_hash,
        telegram_id=telegram_id,
        key_id=key_id,
        at=at,
    )
    return _to_person(await tx.fetch_one(_PERSON + "WHERE person.id = :id", id=inserted(row)) or {})


async def find(tx: Transaction, person_id: PersonId) -> Person | None:
    """Return a person; None where they are unknown."""
    row = await tx.fetch_one(_PERSON + "WHERE person.id = :id", id=person_id)
    return _to_person(row) if row else None


async def addresses(tx: Transaction, person_ids: Sequence[PersonId]) -> dict[PersonId, Address]:
    """Return how those of the people who are known are written to."""
    sql, ids = spread("SELECT id, key_id, language FROM person WHERE id IN :ids", ids=person_ids)
    rows = await tx.fetch_all(sql, **ids)
    return {PersonId(row["id"]): Address(PersonId(row["id"]), KeyId(row["key_id"]), row["language"]) for row in rows}


async def find_by_hash(tx: Transaction, telegram_hash: bytes) -> Person | None:
    """Return the person with this keyed hash of their Telegram id; None where they are unknown."""
    row = await tx.fetch_one(_PERSON + "WHERE person.telegram_hash = :telegram_hash", telegram_hash=telegram_hash)
    return _to_person(row) if row else None


async def with_hashes(tx: Transaction, hashes: Sequence[bytes]) -> list[PersonId]:
    """Return those of the people with these hashes who are known; for the handful of admins."""
    found = [await find_by_hash(tx, telegram_hash) for telegram_hash in hashes]
    return [person.id for person in found if person is not None]


async def appointed(tx: Transaction) -> list[Person]:
    """Return the admins whom another admin appointed, in the order in which they became known."""
    return [_to_person(row) for row in await tx.fetch_all(_PERSON + "WHERE person.is_admin ORDER BY person.id")]


async def hold(tx: Transaction, person_id: PersonId) -> bool:
    """Hold a person until the transaction ends; return whether they are an appointed admin, now that nobody can change it."""
    sql: LiteralString = "SELECT is_admin FROM person WHERE id = :id "
    row = await tx.fetch_one(sql + tx.holding, id=person_id)
    return bool(row and row["is_admin"])


async def set_admin(tx: Transaction, person_id: PersonId, *, is_admin: bool) -> bool:
    """Appoint an admin or dismiss one, whatever they were invited to; False where they are so already."""
    changed = await tx.execute(
        """
        UPDATE person SET is_admin = :is_admin, invited_by = NULL, invited_at = NULL
         WHERE id = :id AND is_admin <> :is_admin
        """,
        id=person_id,
        is_admin=is_admin,
    )
    return bool(changed)


async def invite(tx: Transaction, person_id: PersonId, *, by: PersonId, at: datetime) -> None:
    """Record who has invited a person to become an admin, in place of an earlier invitation."""
    await tx.execute("UPDATE person SET invited_by = :by, invited_at = :at WHERE id = :id", id=person_id, by=by, at=at)


async def inviter(tx: Transaction, person_id: PersonId, *, since: datetime) -> PersonId | None:
    """Return who has invited a person to become an admin since an instant; None where nobody has, or it was answered."""
    row = await tx.fetch_one("SELECT invited_by FROM person WHERE id = :id AND invited_at >= :since", id=person_id, since=since)
    return PersonId(row["invited_by"]) if row and row["invited_by"] is not None else None


async def accept_invitation(tx: Transaction, person_id: PersonId, *, by: PersonId) -> bool:
    """Make an admin of a person whom somebody has invited; False where that is no longer so."""
    changed = await tx.execute(
        """
        UPDATE person SET is_admin = :yes, invited_by = NULL, invited_at = NULL
         WHERE id = :id AND invited_by = :by AND is_admin <> :yes
        """,
        id=person_id,
        by=by,
        yes=True,
    )
    return bool(changed)


async def decline_invitation(tx: Transaction, person_id: PersonId) -> bool:
    """Forget an invitation; False where there is none."""
    sql = "UPDATE person SET invited_by = NULL, invited_at = NULL WHERE id = :id AND invited_at IS NOT NULL"
    return bool(await tx.execute(sql, id=person_id))


async def consent(tx: Transaction, person_id: PersonId, *, version: int, at: datetime) -> None:
    """Record that the person agreed to this version of the consent text; who has agreed to it already did so then."""
    await tx.execute(
        """
        UPDATE person SET consent_version = :version, consented_at = :at
         WHERE id = :id AND (consent_version IS NULL OR consent_version <> :version)
        """,
        id=person_id,
        version=version,
        at=at,
    )


async def set_reachable(tx: Transaction, person_id: PersonId, *, is_reachable: bool) -> bool:
    """Record whether the bot can write to the person; return whether that is news."""
    return bool(
        await tx.execute(
            "UPDATE person SET is_reachable = :is_reachable WHERE id = :id AND is_reachable <> :is_reachable",
            id=person_id,
            is_reachable=is_reachable,
        )
    )


async def set_current(tx: Transaction, person_id: PersonId, session_id: SessionId, *, at: datetime) -> None:
    """Record which of their conversations a person means, and that they said so now."""
    await tx.execute(
        "UPDATE person SET current_session_id = :session_id, current_at = :at WHERE id = :id",
        id=person_id,
        session_id=session_id,
        at=at,
    )


async def leave_session(tx: Transaction, session_id: SessionId, *, counselor_id: PersonId | None) -> None:
    """Have nobody mean a conversation any more that is over, or has gone back to the queue.

    Whatever its counselor writes next may have been begun for it, so they have not said any more whom else they mean.
    """
    await tx.execute(
        """
        UPDATE person
           SET current_at = NULL,
               current_session_id = CASE WHEN current_session_id = :session_id THEN NULL ELSE current_session_id END
         WHERE current_session_id = :session_id OR id = :counselor_id
        """,
        session_id=session_id,
        counselor_id=counselor_id,
    )


async def open_dialog(tx: Transaction, person_id: PersonId, *, step: str, data: bytes, at: datetime) -> None:
    """Begin a form, or go on to its next step."""
    await tx.execute(
        """
        INSERT INTO dialog (person_id, step, data, updated_at) VALUES (:person_id, :step, :data, :at)
        ON CONFLICT (person_id) DO UPDATE SET step = excluded.step, data = excluded.data, updated_at = excluded.updated_at
        """,
        person_id=person_id,
        step=step,
        data=data,
        at=at,
    )


async def dialog(tx: Transaction, person_id: PersonId) -> Dialog | None:
    """Return the form that the person is half way through; None where there is none."""
    row = await tx.fetch_one("SELECT * FROM dialog WHERE person_id = :person_id", person_id=person_id)
    return Dialog(step=row["step"], data=bytes(row["data"]), updated_at=row["updated_at"]) if row else None


async def close_dialog(tx: Transaction, person_id: PersonId) -> bool:
    """Forget the form; return whether there was one."""
    return bool(await tx.execute("DELETE FROM dialog WHERE person_id = :person_id", person_id=person_id))


def _to_person(row: Row) -> Person:
    return Person(
        id=PersonId(row["id"]),
        telegram_id=bytes(row["telegram_id"]),
        key_id=KeyId(row["key_id"]),
        language=row["language"],
        counselor_status=row["counselor_status"],
        counselor_name=bytes(row["counselor_name"]) if row["counselor_name"] is not None else None,
        is_admin=row["is_admin"],
        current_session_id=SessionId(row["current_session_id"]) if row["current_session_id"] is not None else None,
        current_at=row["current_at"],
        is_reachable=row["is_reachable"],
        consent_version=row["consent_version"],
    )
