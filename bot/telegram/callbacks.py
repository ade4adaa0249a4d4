"""What a button carries: ``action:reference:mac``, at most 64 bytes, good for one person only.

The client chooses the bytes of a press, so nothing of it is believed that we did not write for exactly this person. That a press
is genuine does not make it allowed: the service checks that, in the statement that changes the state.
"""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass

from bot.domain.errors import InvalidInput
from bot.domain.ids import PersonId
from bot.services.vault import Vault
from bot.texts import everyone

_MAC_BYTES = 9  #: 72 bits in 12 characters; a guess costs one update each
_MOST_BYTES = 64  #: Bot API, InlineKeyboardButton.callback_data


@dataclass(frozen=True, slots=True)
class Press:
    """A genuine press."""

    action: str
    reference: str


def write(vault: Vault, press: Press, person_id: PersonId) -> str:
    """Return the data of a button for one person.

    Raises:
        ValueError: It would be longer than Telegram takes; a defect of ours.
    """
    data = f"{press.action}:{press.reference}:{_mac(vault, press, person_id)}"
    if len(data.encode()) > _MOST_BYTES:
        raise ValueError(f"The button {press.action} is too long.")
    return data


def read(vault: Vault, data: str | None, person_id: PersonId) -> Press:
    """Return what a press asks for.

    Raises:
        InvalidInput: We did not write it, or not for this person.
    """
    parts = data.split(":") if data is not None and data.isascii() and data.isprintable() else []  # as all that we write
    if len(parts) != 3:  # noqa: PLR2004 — action, reference, mac
        raise InvalidInput(everyone.FORGED)
    press = Press(parts[0], parts[1])
    if not hmac.compare_digest(_mac(vault, press, person_id).encode(), parts[2].encode()):
        raise InvalidInput(everyone.FORGED)
    return press


def _mac(vault: Vault, press: Press, person_id: PersonId) -> str:
    mac = vault.callback_mac(f"{person_id}|{press.action}|{press.reference}", length=_MAC_BYTES)
    return base64.urlsafe_b64encode(mac).decode()
