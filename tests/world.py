"""A service in the middle of its life: people of every role, sessions in every state, offers of every outcome."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from bot import texts
from bot.app import App
from bot.domain.content import Content, Kind
from bot.domain.ids import OfferId, RunId
from bot.domain.people import OPERATOR, Actor, Detail, Gender
from bot.domain.sessions import Offer, Session
from bot.scheduler.questions import Question
from bot.storage.database import Row, Transaction
from bot.storage.schedules import Schedule
from bot.storage.session_pages import Shown
from bot.tasks import TASKS
from tests.support import Cast, SteadyClock

COUNSELORS = ("Dawit", "Hana", "Abel", "Selam", "Yonas")
STUDENTS = ("Sara", "Liya", "Meron", "Bethel", "Feven", "Tigist", "Noah", "Saron", "Rahel", "Elias", "Naomi")
OTHERS = ("Lensa", "Martha", "Daniel", "Kidus", "Ruth", "Eve")
EVERYBODY = (*COUNSELORS, *STUDENTS, *OTHERS)

#: What holds the state of the service, beside forms and what is said to people.
TABLES = (
    *("person", "counselor", "counselor_topic", "session", "session_event", "offer", "message", "schedule", "run", "audit"),
    "key",
)

Digest = dict[str, list[Row]]


@dataclass
class World:
    """The people by name, and what they have to do with each other."""

    app: App
    clock: SteadyClock
    ids: Callable[[str], int]  #: the Telegram id of a name; Lensa's stands in ``ADMIN_IDS``
    people: dict[str, Actor] = field(default_factory=dict[str, Actor])
    sessions: dict[str, Session] = field(default_factory=dict[str, Session])  #: by the name of the student
    version: str = ""  #: of the application of Kidus
    offers: dict[str, OfferId] = field(default_factory=dict[str, OfferId])  #: the last one of each student's
    schedules: dict[str, Schedule] = field(default_factory=dict[str, Schedule])
    runs: list[RunId] = field(default_factory=list[RunId])  #: those that wait: a match

    @property
    def cast(self) -> Cast:
        """How people act."""
        return Cast(self.app)

    async def begin(self) -> None:
        """Have everything happen."""
        await self.app.reconciling.reconcile({})
        await self._come()
        await self._talk_and_end()
        await self._wait()
        await self._apply()
        self.clock.move(seconds=1)
        for name in EVERYBODY:
            self.people[name] = await self.app.people.identify(self.ids(name))
        self.schedules = {entry.schedule.name: entry.schedule for entry in await self.app.control.list(OPERATOR)}
        self.runs = [run.id for run in await self.app.control.history(OPERATOR)]

    async def _come(self) -> None:
        """Lensa is an admin, has appointed Martha, and Daniel too, whom she has dismissed; Eve is invited."""
        for name in ("Lensa", "Martha", "Daniel", "Eve"):
            self.people[name] = await self.app.people.identify(self.ids(name))
        appointing = self.app.admin.appointing
        await appointing.appoint(self.people["Lensa"], self.people["Martha"].me)
        await appointing.appoint(self.people["Lensa"], self.people["Daniel"].me)
        await appointing.dismiss(self.people["Lensa"], self.people["Daniel"].me)
        await appointing.invite(self.people["Lensa"], str(self.ids("Eve")))
        for name in COUNSELORS:
            self.people[name] = await self.cast.counselor(self.ids(name), name, "mental_emotional", "other")
        for name in STUDENTS:
            self.people[name] = await self.cast.student(self.ids(name))

    async def _talk_and_end(self) -> None:
        """Dawit talks with Sara and Liya, and did with Meron, who rated it, and Bethel; Feven's was ended, and Yonas deleted."""
        lensa, dawit = self.people["Lensa"], self.people["Dawit"]
        for name, counselor in (("Meron", "Dawit"), ("Bethel", "Dawit"), ("Feven", "Yonas")):
            await self._talk(name, counselor)
        await self.app.closing.end(self.people["Meron"], self.sessions["Meron"].alias)
        await self.app.rating.rate(self.people["Meron"], self.sessions["Meron"].alias, 5)
        await self.app.rating.comment(self.people["Meron"], "Thank you.")
        await self.app.closing.end(dawit, self.sessions["Bethel"].alias)
        await self.app.closing.force_end(lensa, self.sessions["Feven"].alias)
        await self._talk("Sara", "Dawit")
        await self._talk("Liya", "Dawit")
        await self.app.admin.moderating.delete(lensa, self.people["Yonas"].me)
        for number, (author, student) in enumerate((("Sara", "Sara"), ("Dawit", "Sara"), ("Liya", "Liya"), ("Dawit", "Liya"))):
            content = Content(kind=Kind.TEXT, text=f"word {number}")
            await self.app.relaying.relay(self.people[author], self.sessions[student], content, message_id=9_000 + number)

    async def _wait(self) -> None:
        """Noah's was declined by Hana and missed by Abel, Saron's handed back, Tigist's cancelled, Rahel's is offered to Hana."""
        hana = self.people["Hana"]
        await self._talk("Saron", "Selam")
        await self.app.admin.moderating.deactivate(self.people["Lensa"], self.people["Selam"].me)
        await self._offer("Noah", "Hana")
        await self.app.offering.decline(hana, self.offers["Noah"])
        missed = await self._offer_again("Noah", "Abel")
        self.clock.at = missed.expires_at + timedelta(seconds=1)
        await self.app.offering.lapse_due()
        await self._offer("Tigist", "Hana")
        await self.app.requesting.cancel(self.people["Tigist"], self.sessions["Tigist"].alias)
        await self._offer("Rahel", "Hana")
        await self.app.serving.go_offline(self.people["Abel"])

    async def _apply(self) -> None:
        """Kidus has applied, Ruth was rejected, Naomi is about to apply, and Elias to request."""
        kidus = self.people["Kidus"] = await self.cast.applicant(self.ids("Kidus"), "Kidus")
        self.version = (await self.app.admin.moderating.application(self.people["Lensa"], kidus.me)).version
        self.people["Ruth"] = await self.cast.applicant(self.ids("Ruth"), "Ruth")
        await self.app.admin.moderating.reject(self.people["Lensa"], self.people["Ruth"].me)
        naomi, elias = self.people["Naomi"], self.people["Elias"]
        await self.app.applying.begin(naomi)
        await self.app.applying.toggle_topic(naomi, "other")
        await self.app.applying.take_topics(naomi)
        await self.app.applying.take_gender(naomi, Gender.ANONYMOUS)
        await self.app.applying.take_text(naomi, Detail.NAME, "Naomi")
        await self.app.applying.take_text(naomi, Detail.BIO, "I listened to friends for many years, and would like to go on.")
        await self.app.requesting.choose_topic(elias, "other")
        await self.app.requesting.choose_gender(elias, Gender.MALE)

    async def _talk(self, student: str, counselor: str) -> None:
        await self._offer(student, counselor)
        self.sessions[student] = await self.app.offering.accept(self.people[counselor], self.offers[student])

    async def _offer(self, student: str, counselor: str) -> None:
        self.sessions[student] = await self.cast.request(self.people[student])
        await self._offer_again(student, counselor)

    async def _offer_again(self, student: str, counselor: str) -> Offer:
        lensa, alias = self.people["Lensa"], self.sessions[student].alias
        _, offer = await self.app.admin.steering.assign(lensa, alias, self.people[counselor].me)
        self.offers[student] = offer.id
        return offer

    def alias(self, student: str) -> str:
        """Return the alias of a student's session."""
        return self.sessions[student].alias

    async def digest(self, tx: Transaction, presser: Actor | None = None) -> Digest:
        """Return the state of the service: all but what ends a press, and the form and the screens of *presser*."""
        me = presser.me if presser else 0
        sql: dict[str, Any] = {table: f"SELECT * FROM {table} ORDER BY 1, 2" for table in TABLES}
        found = {table: await tx.fetch_all(one) for table, one in sql.items()}
        found["dialog"] = await tx.fetch_all("SELECT * FROM dialog WHERE person_id <> :me ORDER BY person_id", me=me)
        said = "SELECT id FROM delivery WHERE person_id <> :me AND method <> 'answer' ORDER BY id"
        return {**found, "delivery": await tx.fetch_all(said, me=me)}

    def over(self) -> list[tuple[str, str, str]]:
        """Return presses that were right once, or are right for somebody else: who, the action, what about. Each is refused."""
        alias, number = self.alias, {name: str(actor.me) for name, actor in self.people.items()}
        ended = {"Meron": "Dawit", "Bethel": "Dawit", "Feven": "Yonas", "Tigist": "Hana", "Saron": "Selam", "Noah": "Abel"}
        in_session = ("session.end", "session.end.yes", "session.info", "session.switch", "session.switch.yes", "session.send")
        of_counselor = ("session.transfer", "session.transfer.yes")
        found = [
            (who, action, alias(student))
            for pair in ended.items()
            for student in pair[:1]
            for who in pair
            for action in in_session
        ]
        found += [(who, action, alias(one)) for one, who in ended.items() for action in of_counselor]
        found += [(who, action, alias("Sara")) for who in ("Eve", "Hana", "Yonas", "Rahel", "Lensa") for action in in_session]
        found += [(who, action, alias("Sara")) for who in ("Hana", "Selam", "Sara", "Daniel") for action in of_counselor]
        answers = ("offer.accept", "offer.decline")
        answered = {"Meron": "Dawit", "Feven": "Yonas", "Saron": "Selam", "Tigist": "Hana", "Noah": "Abel", "Sara": "Dawit"}
        found += [(who, action, str(self.offers[one])) for one, who in answered.items() for action in answers]
        found += [
            (who, action, str(self.offers["Rahel"])) for who in ("Dawit", "Abel", "Selam", "Rahel", "Eve") for action in answers
        ]
        found += [(who, "request.cancel", alias(who)) for who in ("Tigist", "Meron", "Sara")]
        found += [(who, "request.cancel", alias("Rahel")) for who in ("Sara", "Hana", "Lensa")]
        found += [("Meron", f"rating.{action}", f"{alias('Meron')}{end}") for action, end in (("stars", "-1"), ("ask", ""))]
        found += [(who, "rating.stars", f"{alias('Bethel')}-1") for who in ("Dawit", "Meron", "Lensa")]
        found += [
            (who, action, "")
            for who in ("Yonas", "Selam", "Kidus", "Daniel")
            for action in ("dashboard.online", "dashboard.offline")
        ]
        found += [
            (who, action, "")
            for who in ("Ruth", "Eve", "Dawit")
            for action in ("apply.withdraw.yes", "apply.send", "profile.save")
        ]
        decided = [
            ("admin.approve", "Ruth"),
            ("admin.reject", "Ruth"),
            ("admin.reject.bare", "Dawit"),
            ("admin.reject.yes", "Kidus"),
            ("admin.deactivate.yes", "Selam"),
        ]
        decided += [("admin.reactivate", "Dawit"), ("admin.delete.yes", "Yonas"), ("admin.dismiss.yes", "Daniel")]
        decided += [("admin.promote.yes", "Yonas"), ("admin.dismiss.yes", "Lensa"), ("admin.dismiss.yes", "Eve")]
        found += [
            (who, action, number[about]) for who in ("Lensa", "Martha", "Daniel", "Hana", "Eve") for action, about in decided
        ]
        steered = [
            ("admin.take.yes", "Sara"),
            ("admin.take.yes", "Meron"),
            ("admin.end.yes", "Feven"),
            ("admin.end.yes", "Tigist"),
        ]
        found += [(who, action, alias(about)) for who in ("Lensa", "Martha", "Daniel", "Dawit") for action, about in steered]
        deeds = ("admin.task.run", "admin.task.pause", "admin.task.delete.yes", "admin.draft.edit")
        found += [("Daniel", action, str(one.id)) for action in deeds for one in self.schedules.values()]
        found += [(who, "admin.run.cancel.yes", str(one)) for who in ("Daniel", "Sara", "Dawit") for one in self.runs]
        found += [(who, action, "") for who in ("Lensa", "Daniel", "Eve") for action in ("admin.draft.save", "admin.draft.usual")]
        return found

    def references(self, action: str) -> list[str]:
        """Return what a button of *action* could be about, in this world and in none."""
        aliases = [session.alias for session in self.sessions.values()]
        tasks = (*(one.id for one in self.schedules.values()), *self.runs)
        numbers = sorted({*(actor.me for actor in self.people.values()), *self.offers.values(), *tasks})
        pages = [f"{shown}.{number}" for shown in Shown for number in ("", "0", "1", "99")]
        of_all = [*texts.topics(), *Gender, *Detail, *_OF_FORMS, *TASKS, *pages, *_ODD, *aliases, *map(str, numbers)]
        if action.startswith("admin.assign"):
            return [*of_all, *(f"{alias}.{number}" for alias in aliases for number in numbers)]
        return [*of_all, *(f"{alias}-{stars}" for alias in aliases for stars in range(7))] if action == "rating.stars" else of_all


#: What the buttons of forms are about.
_OF_FORMS = ["summary", *Question, "task.0.1", "when.0.0"]

#: Numbers that no column holds, pages that no list has, and names of nobody.
_ODD = [
    *(
        "",
        "0",
        "-1",
        "1",
        "99",
        "waiting.-1",
        "waiting.x",
        "nothing.1",
        "-",
        ".",
        "'",
        '" OR 1=1 --',
        "%",
        "x" * 20,
        "AAAAAA",
        "AAAAAA.1",
    ),
    *(
        str(2**31),
        str(2**63 - 1),
        str(2**63),
        str(-(2**63) - 1),
        str(2**64),
        "9" * 20,
        f"waiting.{2**63}",
        f"AAAAAA.{2**64}",
        "1e5",
        "0x1",
    ),
]
