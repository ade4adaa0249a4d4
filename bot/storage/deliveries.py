"""The table ``delivery``: what we owe a person, each one call of the Bot API, until it is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from bot.domain.ids import DeliveryId, KeyId, PersonId, SessionId
from bot.domain.outgoing import Method, Urgency
from bot.storage.database import Channel, Row, Transaction, Value, inserted, spread


class NewDelivery(NamedTuple):
    """A call that is to be made."""

    person_id: PersonId  #: whose chat it goes to
    method: Method
    payload: bytes  #: what to say, as JSON, sealed by the key
    key_id: KeyId
    urgency: Urgency
    patience_ends_at: datetime  #: until when it is worth repeating
    target_id: DeliveryId | None = None  #: the delivery whose message is edited
    session_id: SessionId | None = None
    message_seq: int | None = None  #: the message of the session that this carries
    sender_id: PersonId | None = None  #: who is told where it cannot be delivered


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A call that is due, or was made."""

    id: DeliveryId
    person_id: PersonId
    method: Method
    payload: bytes
    key_id: KeyId
    urgency: Urgency
    attempts: int
    target_id: DeliveryId | None
    session_id: SessionId | None
    message_seq: int | None
    sender_id: PersonId | None
    due_at: datetime
    patience_ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """That there is something to deliver, and to whom."""

    id: DeliveryId
    person_id: PersonId
    is_ordered: bool


async def add(tx: Transaction, new: NewDelivery, *, at: datetime) -> DeliveryId:
    """Owe a delivery."""
    row = await tx.fetch_one(
        """
        INSERT INTO delivery (person_id, method, payload, key_id, urgency, state, target_id, session_id, message_seq, sender_id,
                              due_at, patience_ends_at, created_at)
        VALUES (:person_id, :method, :payload, :key_id, :urgency, 'waiting', :target_id, :session_id, :message_seq, :sender_id,
                :at, :patience_ends_at, :at)
        RETURNING id
        """,
        person_id=new.person_id,
        method=new.method,
        payload=new.payload,
        key_id=new.key_id,
        urgency=int(new.urgency),
        target_id=new.target_id,
        session_id=new.session_id,
        message_seq=new.message_seq,
        sender_id=new.sender_id,
        patience_ends_at=new.patience_ends_at,
        at=at,
    )
    tx.notify(Channel.DELIVERY)
    return DeliveryId(inserted(row))


async def add_all(tx: Transaction, new: Sequence[NewDelivery], *, at: datetime) -> list[DeliveryId]:
    """Owe several deliveries; return their ids, in the same order."""
    rows: list[tuple[Value, ...]] = [
        (
            *(one.person_id, one.method, one.payload, one.key_id, int(one.urgency), one.patience_ends_at),
            *(one.target_id, one.session_id, one.message_seq, one.sender_id),
        )
        for one in new
    ]
    sql, values = spread(
        """
        WITH new (person_id, method, payload, key_id, urgency, patience_ends_at,
                  target_id, session_id, message_seq, sender_id) AS (VALUES :rows)
        INSERT INTO delivery (person_id, method, payload, key_id, urgency, state, due_at, patience_ends_at, created_at,
                              target_id, session_id, message_seq, sender_id)
        SELECT person_id, method, payload, key_id, urgency, 'waiting', :at, patience_ends_at, :at,
               CAST(target_id AS BIGINT), CAST(session_id AS BIGINT), CAST(message_seq AS BIGINT), CAST(sender_id AS BIGINT)
          FROM new
        RETURNING id
        """,
        rows=rows,
    )
    ids = sorted(row["id"] for row in await tx.fetch_all(sql, at=at, **values))  # they were counted in the order of the rows
    tx.notify(Channel.DELIVERY)
    return [DeliveryId(number) for number in ids]


async def owed(tx: Transaction, *, after: DeliveryId, limit: int) -> list[Owed]:
    """Return what waits, of the deliveries with a higher id than *after*, in the order of their ids."""
    rows = await tx.fetch_all(
        """
        SELECT id, person_id, method <> 'answer' AS is_ordered FROM delivery
         WHERE state = 'waiting' AND id > :after ORDER BY id LIMIT :limit
        """,
        after=after,
        limit=limit,
    )
    return [Owed(id=DeliveryId(row["id"]), person_id=PersonId(row["person_id"]), is_ordered=row["is_ordered"]) for row in rows]


async def first_of_chat(tx: Transaction, person_id: PersonId) -> Delivery | None:
    """Return the oldest delivery that waits for this chat and has an order; None where there is none."""
    row = await tx.fetch_one(
        "SELECT * FROM delivery WHERE state = 'waiting' AND person_id = :person_id AND method <> 'answer' ORDER BY id LIMIT 1",
        person_id=person_id,
    )
    return _to_delivery(row) if row else None


async def find_waiting(tx: Transaction, delivery_id: DeliveryId) -> Delivery | None:
    """Return a delivery that waits; None where it does not any more."""
    row = await tx.fetch_one("SELECT * FROM delivery WHERE id = :id AND state = 'waiting'", id=delivery_id)
    return _to_delivery(row) if row else None


async def message_id_of(tx: Transaction, delivery_id: DeliveryId) -> int | None:
    """Return the Telegram id of the message that a delivery became; None where it did not become one."""
    row = await tx.fetch_one("SELECT message_id FROM delivery WHERE id = :id", id=delivery_id)
    return row["message_id"] if row else None


async def session_of_message(tx: Transaction, person_id: PersonId, message_id: int) -> tuple[SessionId, int | None] | None:
    """Return the session that a message in a person's chat belongs to, and its number there where it is one of the other side.

    None where it belongs to none.
    """
    row = await tx.fetch_one(
        """
        SELECT session_id, message_seq FROM delivery
         WHERE person_id = :person_id AND message_id = :message_id AND session_id IS NOT NULL
         ORDER BY id DESC LIMIT 1
        """,
        person_id=person_id,
        message_id=message_id,
    )
    return (SessionId(row["session_id"]), row["message_seq"]) if row else None


async def parts_of_message(tx: Transaction, session_id: SessionId, seq: int, *, to: PersonId) -> list[DeliveryId]:
    """Return the deliveries by which a message of a session went to somebody, in their order, without changes of it."""
    rows = await tx.fetch_all(
        """
        SELECT id FROM delivery
         WHERE session_id = :session_id AND message_seq = :seq AND person_id = :to AND method = 'say'
         ORDER BY id
        """,
        session_id=session_id,
        seq=seq,
        to=to,
    )
    return [DeliveryId(row["id"]) for row in rows]


async def succeed(tx: Transaction, delivery_id: DeliveryId, *, message_id: int | None, at: datetime) -> None:
    """Mark a delivery as made and erase what it held."""
    await tx.execute(
        """
        UPDATE delivery SET state = 'done', payload = NULL, message_id = :message_id, settled_at = :at, error = NULL
         WHERE id = :id AND state = 'waiting'
        """,
        id=delivery_id,
        message_id=message_id,
        at=at,
    )


async def fail(tx: Transaction, delivery_id: DeliveryId, *, is_final: bool, error: str, at: datetime) -> bool:
    """Give a delivery up and erase what it held; False where somebody had settled it.

    Args:
        tx: The transaction.
        delivery_id: The delivery.
        is_final: Whether Telegram refused it for good (*refused*), or our patience ended (*parked*).
        error: The kind of the error, without a text of anybody.
        at: Now.
    """
    changed = await tx.execute(
        """
        UPDATE delivery SET state = :state, payload = NULL, attempts = attempts + 1, settled_at = :at, error = :error
         WHERE id = :id AND state = 'waiting'
        """,
        id=delivery_id,
        state="refused" if is_final else "parked",
        error=error,
        at=at,
    )
    return bool(changed)


async def has_failed_part(tx: Transaction, delivery: Delivery) -> bool:
    """Return whether another part of what was said, or changed, at once was given up before, so that its sender knows already."""
    row = await tx.fetch_one(
        """
        SELECT id FROM delivery
         WHERE session_id = :session_id AND message_seq = :message_seq AND state IN ('refused', 'parked') AND id <> :id
           AND created_at = (SELECT created_at FROM delivery WHERE id = :id)
         LIMIT 1
        """,
        session_id=delivery.session_id,
        message_seq=delivery.message_seq,
        id=delivery.id,
    )
    return row is not None


async def postpone(tx: Transaction, delivery_id: DeliveryId, *, error: str, due_at: datetime) -> None:
    """Count an attempt that failed in passing and try again at *due_at*; until then the chat waits."""
    await tx.execute(
        """
        UPDATE delivery SET attempts = attempts + 1, due_at = :due_at, error = :error
         WHERE id = :id AND state = 'waiting'
        """,
        id=delivery_id,
        due_at=due_at,
        error=error,
    )


def _to_delivery(row: Row) -> Delivery:
    return Delivery(
        id=DeliveryId(row["id"]),
        person_id=PersonId(row["person_id"]),
        method=Method(row["method"]),
        payload=bytes(row["payload"]),
        key_id=KeyId(row["key_id"]),
        urgency=Urgency(row["urgency"]),
        attempts=row["attempts"],
        target_id=row["target_id"],
        session_id=row["session_id"],
        message_seq=row["message_seq"],
        sender_id=row["sender_id"],
        due_at=row["due_at"],
        patience_ends_at=row["patience_ends_at"],
    )
