"""What is sealed, and the keys that seal it.

Each person and each session has a random key of its own; so have the keyed hash for look-ups, the buttons and the intake. They
lie in the table ``key``, wrapped by ``ENCRYPTION_KEY``, and in no backup. To delete a key is to erase all that it sealed.
Sealed is AES-256-GCM with a random nonce of 96 bits (NIST SP 800-38D, 8.2.2) in front.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections import OrderedDict
from collections.abc import Collection, Sequence
from datetime import datetime

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bot.domain.errors import BotError, NotFound
from bot.domain.ids import KeyId
from bot.domain.text import Text
from bot.storage import keys
from bot.storage.database import Database, Transaction
from bot.storage.keys import Purpose, WrappedKey

_NONCE_BYTES = 12
_KEY_BYTES = 32
_ID_BITS = 62
_KEY_FILE = "key file"
_CACHED = 2048  #: unwrapped keys kept in memory: those of the people who write just now


class WrongKey(BotError):
    """``ENCRYPTION_KEY`` does not open this database."""


class Unreadable(NotFound):
    """What is asked for was erased: its key is gone."""


def seal(key: bytes, text: bytes, *, about: str) -> bytes:
    """Seal *text*; *about* names what it is, and it can only be opened as that."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, text, about.encode())


def unseal(key: bytes, sealed: bytes, *, about: str) -> bytes:
    """Open what ``seal`` made.

    Raises:
        cryptography.exceptions.InvalidTag: Another key sealed it, or it was about something else, or it was changed.
    """
    return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], about.encode())


class Vault:
    """The keys in use; made once for each process by ``open``."""

    def __init__(self, wrapping: Sequence[bytes], service: dict[Purpose, bytes]) -> None:
        self._wrapping = wrapping
        self._service = service
        self._cache: OrderedDict[KeyId, bytes] = OrderedDict()

    @classmethod
    async def open(cls, db: Database, wrapping: Sequence[bytes], *, at: datetime) -> Vault:
        """Open the keys of the service, and make them where the database is new.

        Args:
            db: A migrated database.
            wrapping: ``ENCRYPTION_KEY``, newest first.
            at: Now.

        Raises:
            WrongKey: None of *wrapping* opens what is there.
        """
        async with db.transaction() as tx:
            present = await keys.of_the_service(tx)
            for purpose in sorted({Purpose.LOOKUP, Purpose.CALLBACK, Purpose.INTAKE} - {key.purpose for key in present}):
                await keys.add_if_missing(tx, _new_key(wrapping[0], purpose), at=at)
            present = await keys.of_the_service(tx)  # ours, or those of a process that starts at the same moment
        return cls(wrapping, {key.purpose: _unwrap(wrapping, key) for key in present})

    def lookup(self, telegram_id: int) -> bytes:
        """Return the keyed hash under which a Telegram id is found."""
        return hmac.digest(self._service[Purpose.LOOKUP], b"%d" % telegram_id, hashlib.sha256)

    def callback_mac(self, text: str, *, length: int) -> bytes:
        """Return *length* bytes that only we can make for *text*."""
        return hmac.digest(self._service[Purpose.CALLBACK], text.encode(), hashlib.sha256)[:length]

    def seal_update(self, raw: bytes) -> bytes:
        """Seal an update as it came in."""
        return seal(self._service[Purpose.INTAKE], raw, about="update")

    def unseal_update(self, sealed: bytes) -> bytes:
        """Open what ``seal_update`` made."""
        return unseal(self._service[Purpose.INTAKE], sealed, about="update")

    async def make(self, tx: Transaction, purpose: Purpose, *, at: datetime) -> KeyId:
        """Make a key for a person or a session."""
        key = _new_key(self._wrapping[0], purpose)
        await keys.add_if_missing(tx, key, at=at)
        return key.id

    async def seal(self, tx: Transaction, key_id: KeyId, text: str, *, about: str) -> bytes:
        """Seal *text* with a key of the table.

        Raises:
            Unreadable: The key is gone.
        """
        return seal(await self._key(tx, key_id), text.encode(), about=about)

    async def unseal(self, tx: Transaction, key_id: KeyId, sealed: bytes, *, about: str) -> str:
        """Open what ``seal`` made.

        Raises:
            Unreadable: The key is gone.
        """
        return unseal(await self._key(tx, key_id), sealed, about=about).decode()

    async def load(self, tx: Transaction, key_ids: Collection[KeyId]) -> None:
        """Have these keys at hand, with one question in place of one for each; those that are gone stay so."""
        missing = [key_id for key_id in key_ids if key_id not in self._cache]
        for found in await keys.find_all(tx, missing) if missing else ():
            self._remember(found)

    def wrap_file(self, text: bytes) -> bytes:
        """Seal the content of the key file that lies beside the backups."""
        return seal(self._wrapping[0], text, about=_KEY_FILE)

    def unwrap_file(self, sealed: bytes) -> bytes:
        """Open what ``wrap_file`` made; see ``unwrap_file`` of this module."""
        return unwrap_file(self._wrapping, sealed)

    def unwrap(self, key: WrappedKey) -> bytes:
        """Open a key that lies elsewhere than in the table, as in the key file of the backups.

        Raises:
            WrongKey: ``ENCRYPTION_KEY`` does not open it.
        """
        return _unwrap(self._wrapping, key)

    def forget(self, key_id: KeyId) -> None:
        """Drop a key from memory; its row is deleted by the caller."""
        self._cache.pop(key_id, None)

    async def _key(self, tx: Transaction, key_id: KeyId) -> bytes:
        cached = self._cache.get(key_id)
        if cached is not None:
            self._cache.move_to_end(key_id)
            return cached
        found = await keys.find(tx, key_id)
        if found is None:
            raise Unreadable(Text("This was erased."))
        return self._remember(found)

    def _remember(self, found: WrappedKey) -> bytes:
        key = _unwrap(self._wrapping, found)
        self._cache[found.id] = key
        if len(self._cache) > _CACHED:
            self._cache.popitem(last=False)
        return key


def unwrap_file(wrapping: Sequence[bytes], sealed: bytes) -> bytes:
    """Open what ``Vault.wrap_file`` made with one of *wrapping*.

    Raises:
        WrongKey: None of them opens it.
    """
    for candidate in wrapping:
        try:
            return unseal(candidate, sealed, about=_KEY_FILE)
        except InvalidTag:
            continue
    raise WrongKey("ENCRYPTION_KEY does not open the key file of the backups: set the key that they were made with.")


def _new_key(wrapping: bytes, purpose: Purpose) -> WrappedKey:
    """Return a new key under a random id.

    A number that the database counts comes again after a transaction that was undone: the cache would then hold the wrong key.
    """
    wrapped = seal(wrapping, os.urandom(_KEY_BYTES), about=f"key for {purpose}")
    return WrappedKey(KeyId(secrets.randbits(_ID_BITS)), purpose, wrapped)


def _unwrap(wrapping: Sequence[bytes], key: WrappedKey) -> bytes:
    for candidate in wrapping:
        try:
            return unseal(candidate, key.wrapped, about=f"key for {key.purpose}")
        except InvalidTag:
            continue
    raise WrongKey("ENCRYPTION_KEY does not open this database: set the key that it was made with.")
