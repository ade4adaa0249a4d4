"""What an enemy can put into a press: data that we never wrote, or never for them."""

from __future__ import annotations

import base64
import random
from collections.abc import Callable, Sequence

from bot.domain.ids import PersonId
from bot.services.vault import Vault
from bot.telegram import callbacks
from bot.telegram.callbacks import Press

_UNICODE = ("🆘", "ä", "ሰላም", "\u202e", "\u200b", "\x00", "\n", " ", "\ud800", "ⅷ", "١", "𝟙", "a\u0301")


def forged(vault: Vault, press: Press, me: PersonId, others: Sequence[PersonId], chance: random.Random) -> str | None:
    """Return one of the many things that are near a button of ours, and none of them."""
    genuine = callbacks.write(vault, press, me)
    return chance.choice(_WAYS)(vault, genuine, [one for one in others if one != me], chance)


def _of_another(vault: Vault, genuine: str, others: Sequence[PersonId], chance: random.Random) -> str:
    action, reference, _ = genuine.split(":")
    return callbacks.write(vault, Press(action, reference), chance.choice(others))


def _of_another_action(_: Vault, genuine: str, __: Sequence[PersonId], chance: random.Random) -> str:
    action, reference, mac = genuine.split(":")
    other = chance.choice(["home", "sos", "offer.accept", "session.end.yes", "admin.approve", "admin.delete.yes", "consent.yes"])
    return f"{other if other != action else 'help'}:{reference}:{mac}"


def _about_another(_: Vault, genuine: str, __: Sequence[PersonId], chance: random.Random) -> str:
    action, reference, mac = genuine.split(":")
    return f"{action}:{reference}{chance.randrange(10)}:{mac}"


def _moved(_: Vault, genuine: str, __: Sequence[PersonId], ___: random.Random) -> str:
    """Return the same characters with a colon elsewhere: what is signed must not read the same."""
    action, reference, mac = genuine.split(":")
    return f"{action[:-1]}:{action[-1]}{reference}:{mac}"


def _with_any_mac(_: Vault, genuine: str, __: Sequence[PersonId], chance: random.Random) -> str:
    return f"{genuine.rpartition(':')[0]}:{base64.urlsafe_b64encode(chance.randbytes(9)).decode()}"


def _without_mac(_: Vault, genuine: str, __: Sequence[PersonId], chance: random.Random) -> str:
    return genuine.rpartition(":")[0] + chance.choice(["", ":", "::", ":None", ":" + "A" * 12])


def _cut(_: Vault, genuine: str, __: Sequence[PersonId], chance: random.Random) -> str:
    at = chance.randrange(1, len(genuine))
    return genuine[:at] if chance.random() < 0.5 else genuine[at:]


def _flipped(_: Vault, genuine: str, __: Sequence[PersonId], chance: random.Random) -> str:
    at = chance.randrange(len(genuine))
    return genuine[:at] + chr(ord(genuine[at]) ^ 1 << chance.randrange(8)) + genuine[at + 1 :]


def _inserted(_: Vault, genuine: str, __: Sequence[PersonId], chance: random.Random) -> str:
    at = chance.randrange(len(genuine) + 1)
    return genuine[:at] + chance.choice(_UNICODE) + genuine[at:]


def _doubled(_: Vault, genuine: str, __: Sequence[PersonId], chance: random.Random) -> str:
    return chance.choice(
        [genuine * 2, f"{genuine}:{genuine}", genuine.upper() + "=", genuine[::-1] + ":", f"\n{genuine}", genuine + "\n"]
    )


def _oversized(_: Vault, genuine: str, __: Sequence[PersonId], chance: random.Random) -> str:
    action, reference, mac = genuine.split(":")
    return f"{action}:{reference}{'9' * chance.randrange(1, 5000)}:{mac}"


def _bytes(_: Vault, __: str, ___: Sequence[PersonId], chance: random.Random) -> str:
    return chance.randbytes(chance.randrange(1, 65)).decode(chance.choice(["latin-1", "utf-16-le"]), "replace")


def _nothing(_: Vault, __: str, ___: Sequence[PersonId], chance: random.Random) -> str | None:
    return chance.choice([None, "", ":", "::", ":::", "\0", " ", "null", "[]", '{"a": 1}', "__init__::", "sos", "sos:", "sos::"])


_WAYS: list[Callable[[Vault, str, Sequence[PersonId], random.Random], str | None]] = [
    *(_of_another, _of_another_action, _about_another, _moved, _with_any_mac, _without_mac, _cut, _flipped, _inserted),
    *(_doubled, _oversized, _bytes, _nothing),
]
