"""Who somebody is to us: a person, the roles they have, what a counselor offers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.domain.errors import InvalidInput, NotAllowed
from bot.domain.ids import CounselorId, PersonId
from bot.domain.text import Text

NAME_LENGTH = range(2, 51)  #: characters in a display name (PRODUCT.md, *Counselor*)
CONSENT_VERSION = 1  #: raise it when the consent text changes in substance; people are then asked again


class Gender(StrEnum):
    """As a student gives it; a counselor is male or female or says nothing (anonymous)."""

    MALE = "male"
    FEMALE = "female"
    ANONYMOUS = "anonymous"


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
        InvalidInput: It is shorter or longer.
    """
    name = " ".join(text.split())
    if len(name) not in NAME_LENGTH:
        raise InvalidInput(
            Text("A display name has 2 to 50 characters, for example: Dawit. This one has {length}.", length=len(name))
        )
    return name
