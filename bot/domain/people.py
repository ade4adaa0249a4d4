"""Who somebody is to us: a person, the roles they have, what a counselor offers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.domain.errors import InvalidInput, NotAllowed
from bot.domain.ids import CounselorId, PersonId
from bot.domain.text import Text

NAME_LENGTH = range(2, 51)  #: characters in a display name (PRODUCT.md, *Counselor*)
BIO_LENGTH = range(50, 501)  #: characters in what a counselor says about themselves (PRODUCT.md, *Counselor*)
CONSENT_VERSION = 1  #: raise it when the consent text changes in substance; people are then asked again


class Gender(StrEnum):
    """As a student gives it; a counselor is male or female or says nothing (anonymous)."""

    MALE = "male"
    FEMALE = "female"
    ANONYMOUS = "anonymous"


class CounselorStatus(StrEnum):
    """Where somebody stands who asked to become a counselor."""

    APPLIED = "applied"
    APPROVED = "approved"
    REJECTED = "rejected"
    DEACTIVATED = "deactivated"


class Detail(StrEnum):
    """What a counselor says of themselves, in the order in which it is asked for."""

    TOPICS = "topics"
    GENDER = "gender"
    NAME = "name"
    BIO = "bio"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What somebody says of themselves who is a counselor or would like to be, and what the admins have decided."""

    status: CounselorStatus
    is_online: bool
    name: str
    bio: str | None  #: None where a command made them a counselor
    gender: Gender
    topics: tuple[str, ...]  #: keys, the first one first
    review_reason: str | None  #: what the admins gave as the reason of their decision


class Role(StrEnum):
    """What somebody may do beyond what everybody may."""

    COUNSELOR = "counselor"
    ADMIN = "admin"
    OPERATOR = "operator"  #: at a terminal of the machine itself
    SYSTEM = "system"  #: the clock, a task


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who is asking, as the database knows them; made anew for every update, request and command."""

    person_id: PersonId | None  #: None for the operator and the system
    roles: frozenset[Role] = frozenset()
    language: str = "en"
    has_consented: bool = False  #: to the current version of the consent text
    was_away: bool = False  #: the bot could not write to them until they wrote

    @property
    def me(self) -> PersonId:
        """The person.

        Raises:
            NotAllowed: The actor is no person of ours: a terminal or the system.
        """
        if self.person_id is None:
            raise NotAllowed(Text("This can only be done by a person in a chat."))
        return self.person_id

    @property
    def counselor_id(self) -> CounselorId:
        """The approved counselor.

        Raises:
            NotAllowed: The actor is none.
        """
        self.require(Role.COUNSELOR)
        return self.me

    def require(self, *roles: Role) -> None:
        """Pass where the actor has one of *roles*.

        Raises:
            NotAllowed: They have none of them.
        """
        if not self.roles & set(roles):
            raise NotAllowed(Text("You may not do that."))


OPERATOR = Actor(person_id=None, roles=frozenset({Role.OPERATOR}))
SYSTEM = Actor(person_id=None, roles=frozenset({Role.SYSTEM}))


def display_name(text: str) -> str:
    """Return *text* as a display name: 2 to 50 characters, on one line, white space folded.

    Raises:
        InvalidInput: It is shorter or longer, or of bytes that are no text, as a command line can hold them.
    """
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise InvalidInput(
            Text("A display name is written in letters, for example: Dawit. This one holds bytes that are no UTF-8.")
        )
    name = _visible(" ".join(text.split()))
    if len(name) not in NAME_LENGTH:
        raise InvalidInput(
            Text("A display name has 2 to 50 characters, for example: Dawit. This one has {length}.", length=len(name))
        )
    return name


def biography(text: str) -> str:
    """Return *text* as what a counselor says about themselves: 50 to 500 characters, white space folded, paragraphs kept.

    Raises:
        InvalidInput: It is shorter or longer.
    """
    lines = "\n".join(" ".join(line.split()) for line in text.splitlines()).strip()
    bio = _visible(re.sub(r"\n{3,}", "\n\n", lines))
    if len(bio) not in BIO_LENGTH:
        raise InvalidInput(
            Text(
                "What you say about yourself has 50 to 500 characters. This has {length}; please send it once more.",
                length=len(bio),
            )
        )
    return bio


def toggled(topics: Sequence[str], key: str) -> list[str]:
    """Return *topics* without *key* where it was among them, else with it as the last one."""
    return [topic for topic in topics if topic != key] if key in topics else [*topics, key]


def _visible(text: str) -> str:
    """Return *text*, or nothing where it is made only of characters that nobody sees, such as U+200B."""
    return text if any(character.isprintable() and not character.isspace() for character in text) else ""
