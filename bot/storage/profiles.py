"""The table ``counselor``, once more: what counselors and applicants say of themselves, and the way to becoming one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.domain.ids import KeyId, PersonId
from bot.domain.people import CounselorStatus, Gender
from bot.storage.database import Row, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedProfile:
    """A profile as it is kept; what is sealed is sealed by the person's key."""

    key_id: KeyId
    status: CounselorStatus
    is_online: bool
    name: bytes
    bio: bytes | None
    gender: Gender
    review_reason: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewApplication:
    """What somebody says who would like to become a counselor; name and bio are sealed by their key."""

    person_id: PersonId
    name: bytes
    bio: bytes
    gender: Gender


async def find(tx: Transaction, person_id: PersonId) -> SealedProfile | None:
    """Return the profile of a person; None where they never applied, or were deleted as a counselor."""
    row = await tx.fetch_one(
        """
        SELECT counselor.*, person.key_id
          FROM counselor JOIN person ON person.id = counselor.id
         WHERE counselor.id = :id AND counselor.deleted_at IS NULL
        """,
        id=person_id,
    )
    return _to_profile(row) if row else None


async def apply(tx: Transaction, new: NewApplication, *, at: datetime) -> bool:
    """Record an application; return False where one waits already, or was decided on otherwise than by a rejection.

    Who was rejected may apply again, and so may who was deleted as a counselor.
    """
    row = await tx.fetch_one(
        """
        INSERT INTO counselor (id, status, is_online, name, bio, gender, applied_at, created_at)
        VALUES (:id, 'applied', :is_online, :name, :bio, :gender, :at, :at)
        ON CONFLICT (id) DO UPDATE
           SET status = excluded.status, is_online = excluded.is_online, name = excluded.name, bio = excluded.bio,
               gender = excluded.gender, applied_at = excluded.applied_at,
               reviewed_at = NULL, reviewed_by = NULL, review_reason = NULL, deleted_at = NULL
         WHERE counselor.status = 'rejected' OR counselor.deleted_at IS NOT NULL
        RETURNING id
        """,
        id=new.person_id,
        is_online=False,
        name=new.name,
        bio=new.bio,
        gender=new.gender,
        at=at,
    )
    return row is not None


async def withdraw(tx: Transaction, person_id: PersonId, *, at: datetime) -> bool:
    """Erase an application that waits; return False where none does.

    Who was a counselor before, and deleted, is so again: with the row would go the offers that were made to them.
    """
    is_back = await tx.execute(
        """
        UPDATE counselor SET status = 'deactivated', deleted_at = :at, applied_at = NULL, bio = NULL
         WHERE id = :id AND status = 'applied' AND EXISTS (SELECT 1 FROM offer WHERE counselor_id = counselor.id)
        """,
        id=person_id,
        at=at,
    )
    return bool(is_back or await tx.execute("DELETE FROM counselor WHERE id = :id AND status = 'applied'", id=person_id))


async def hold(tx: Transaction, person_id: PersonId, *, at: datetime) -> bool:
    """Hold who may change their profile until the transaction ends; return False where they may not (any more)."""
    return bool(
        await tx.execute(
            """
            UPDATE counselor SET locked_at = :at
             WHERE id = :id AND status IN ('applied', 'approved') AND deleted_at IS NULL
            """,
            id=person_id,
            at=at,
        )
    )


async def set_name(tx: Transaction, person_id: PersonId, name: bytes) -> None:
    """Change the name of who is held by ``hold``."""
    await tx.execute("UPDATE counselor SET name = :name WHERE id = :id", id=person_id, name=name)


async def set_bio(tx: Transaction, person_id: PersonId, bio: bytes) -> None:
    """Change what somebody says about themselves who is held by ``hold``."""
    await tx.execute("UPDATE counselor SET bio = :bio WHERE id = :id", id=person_id, bio=bio)


async def set_gender(tx: Transaction, person_id: PersonId, gender: Gender) -> None:
    """Change the gender of who is held by ``hold``."""
    await tx.execute("UPDATE counselor SET gender = :gender WHERE id = :id", id=person_id, gender=gender)


def _to_profile(row: Row) -> SealedProfile:
    return SealedProfile(
        key_id=KeyId(row["key_id"]),
        status=CounselorStatus(row["status"]),
        is_online=row["is_online"],
        name=bytes(row["name"]),
        bio=bytes(row["bio"]) if row["bio"] is not None else None,
        gender=Gender(row["gender"]),
        review_reason=bytes(row["review_reason"]) if row["review_reason"] is not None else None,
    )
