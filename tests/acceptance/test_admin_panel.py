"""The Admin Panel by buttons and commands, over HTTP, on both databases: every button is pressed, and every press is answered."""

from __future__ import annotations

import pytest

from bot.playground import BotApiServer, Person
from bot.telegram.routes import ACTIONS
from tests.acceptance.pressing import is_of_schedules, unpressed
from tests.acceptance.program import UNLIMITED, Program, Programs
from tests.acceptance.steps import accept, ask, enrol

BIO = "I study psychology in my fourth year, and I have time in the evening."
TYPED = "<b>&_* 😀"

#: What stands in lists: each entry has a label of its own, so that only one of a kind is pressed.
ENTRIES = {"admin.application", "admin.counselor", "admin.session", "admin.assign.to", "admin.member"}


async def start(programs: Programs, *admins: Person) -> Program:
    """Start the bot with these admins."""
    return await programs.start(ADMIN_IDS=",".join(str(admin.id) for admin in admins), **UNLIMITED)


async def apply(server: BotApiServer, person: Person, name: str) -> None:
    """Send an application."""
    await person.open()
    await person.see("What would you like to do?")
    await person.press("Become a Counselor")
    await person.see("What can you help with?")
    await person.press("Other")
    await server.wait_for(
        lambda: any("Next" in label for label in person.visible_buttons)
    )  # what only changes buttons is not seen
    await person.press("Next")
    await person.see("How may students think of you?")
    await person.press("Rather not say")
    await person.see("Under which name")
    await person.send(name)
    await person.see("Tell us about yourself.")
    await person.send(BIO)
    await person.see("It is not sent yet.")
    await person.press("Send application")
    await person.see("Thank you for wanting to help.")


async def go(lensa: Person, *steps: tuple[str, str]) -> None:
    """Press one button after the other, and see what each leads to."""
    for label, part in steps:
        await lensa.press(label)
        await lensa.see(part)


async def to_panel(lensa: Person) -> None:
    """Go from any screen of the panel to the panel."""
    await go(lensa, ("🛠 Panel", "Waiting for a counselor:"))


async def open_panel(lensa: Person) -> None:
    """Go from nothing to the panel, by the button of the home screen."""
    await lensa.open()
    await lensa.see("What would you like to do?")
    await go(lensa, ("Admin Panel", "Waiting for a counselor: 0"))


async def visit_what_is_empty(lensa: Person) -> None:
    """Look at each list while there is nothing in it: it says what will be there."""
    for label, part in (
        ("Applications", "Nobody waits for a decision."),
        ("Counselors", "There are none yet."),
        ("Sessions", "Sessions: waiting\nThere are none."),
        ("Statistics", "nobody has rated yet"),
        ("Admins", "Named in ADMIN_IDS, fixed: 1\nAppointed: 0"),
        ("Tasks", "Scheduled tasks"),
    ):
        await go(lensa, (label, part))
        await to_panel(lensa)
    await go(lensa, ("Health", "elegram"))
    for _ in range(2):  # of the health, and of the panel
        refreshed = await lensa.press("Refresh")
        assert await refreshed.answered() is None
        await lensa.send("/admin")
        await lensa.see("Waiting for a counselor:")


async def visit_applications(server: BotApiServer, lensa: Person) -> list[Person]:
    """Turn the pages, approve, reject with a reason and without; return two who are counselors now."""
    applicants = [server.person(f"A{number}") for number in range(9)]
    for number, applicant in enumerate(applicants):
        await apply(server, applicant, f"{TYPED} {number}")
        await lensa.see("would like to become a counselor")
    await lensa.press("Read it")
    await lensa.see(f"Name: {TYPED} 8")
    await go(lensa, ("Back", "page 1 of 2"), ("▶", "page 2 of 2"), ("◀", "page 1 of 2"))
    await go(lensa, (f"{TYPED} 0", f"About them: {BIO}"), ("Approve", f"{TYPED} 0 is a counselor now"))
    await applicants[0].see(f"Welcome, {TYPED} 0.")
    await go(lensa, ("Back", "Applications"), (f"{TYPED} 1", "Sent: "), ("Reject", f"Why is {TYPED} 1 not accepted?"))
    await go(lensa, ("Back", f"Name: {TYPED} 1"), ("Reject", "Why is"), ("Without a reason", "is rejected."))
    await applicants[1].see("was not accepted.")
    await go(lensa, ("Back", "Applications"), (f"{TYPED} 2", "Sent: "), ("Reject", "Why is"))
    await lensa.send("x" * 4000)
    await lensa.see("That is 4000 characters, and at most 500 fit.")
    await lensa.send("too soon")
    await lensa.see("This is what they will read:\ntoo soon")
    await go(lensa, ("Write it again", "Why is"))
    await lensa.send(f"too early {TYPED}")
    await lensa.see("This is what they will read:")
    await go(lensa, ("Yes, reject", "is rejected."))
    await applicants[2].see(f"The reason: too early {TYPED}")
    await go(
        lensa, ("Back", "Applications"), (f"{TYPED} 3", "Sent: "), ("Approve", "is a counselor now"), ("Back", "Applications")
    )
    await applicants[3].see("Welcome, ")
    await to_panel(lensa)
    return [applicants[0], applicants[3]]


async def visit_counselors(lensa: Person, counselor: Person, name: str) -> None:
    """Deactivate, reactivate, appoint: each asked for first; and look at the figures."""
    await go(lensa, ("Counselors", "Counselors"), (name, "State: 🟢 online"), ("Deactivate", "Deactivate"))
    await go(lensa, ("No, leave it", "State: 🟢 online"), ("Deactivate", "They get no more requests."))
    await go(lensa, ("Yes, deactivate", "is deactivated."), ("Back", "State: ⛔ deactivated"))
    await counselor.see("have deactivated you")
    await go(lensa, ("Reactivate", "is a counselor again"), ("Back", "State: 🟢 online"))
    await counselor.see("You are a counselor again")
    await go(lensa, ("Appoint as admin", "Make "), ("Yes, appoint", "is an admin now"), ("Back", "also an admin"))
    await counselor.see("You are an admin of this service now")
    await go(lensa, ("Back", "Counselors"))
    await to_panel(lensa)


async def visit_admins(lensa: Person, friend: Person, appointed: Person, name: str) -> None:
    """Appoint by a Telegram id, with what can go wrong, and dismiss."""
    await go(lensa, ("Admins", "Appointed: 1"), ("Appoint an admin", "Who should become an admin?"))
    await lensa.send("<b>&_*")
    await lensa.see("A Telegram id is a positive whole number")
    await lensa.send("4242424242")
    await lensa.see("If this person has written to the bot before")
    await friend.open()
    await friend.see("What would you like to do?")
    await go(lensa, ("Back", "Appointed: 1"), ("Appoint an admin", "Who should become an admin?"))
    await lensa.send(str(friend.id))
    await lensa.see("If this person has written to the bot before")
    await friend.see("invites you to become one too")
    await go(friend, ("Accept", "You are an admin of this service now"))
    await lensa.see("Your invitation was accepted")
    await go(friend, ("Admin Panel", "Waiting for a counselor:"))
    await go(lensa, ("Admins", "Appointed: 2"), (f"🛡 {name}", "was appointed"), ("Dismiss", "Dismiss "))
    await go(lensa, ("No, leave it", "was appointed"), ("Dismiss", "Dismiss "), ("Yes, dismiss", "no longer an admin"))
    await appointed.see("You are no longer an admin")
    await go(lensa, ("Back", "Appointed: 1"))
    await to_panel(lensa)
    refused = await friend.press("Applications")
    await friend.see("Applications")
    assert await refused.answered() is None


async def visit_sessions(server: BotApiServer, lensa: Person, counselors: list[Person], name: str) -> None:
    """Look at each list, give a session to a counselor, take one up, end both."""
    sara, liya = server.person("Sara"), server.person("Liya")
    for counselor in counselors:
        await counselor.send("/menu")
        await counselor.see("You are a counselor")
        await go(counselor, ("Counselor Dashboard", "online"), ("Go offline", "You are offline"))
    await ask(sara, "my secret")
    await go(lensa, ("Sessions", "Sessions: waiting"), ("Psychological", "State: waiting"), ("Assign", "Who should take session"))
    await go(lensa, ("Back", "State: waiting"), ("Assign", "Who should take"), (name, "is offered to"))
    await go(lensa, ("Back", "State: offered"))
    await accept(counselors[0], sara)
    await go(lensa, ("Back", "Sessions: offered\nThere are none."), ("active", "Sessions: active"))
    session = await lensa.press("Psychological")
    page = await lensa.see("State: active")
    assert "my secret" not in page.text
    assert await session.answered() is None
    await go(lensa, ("Force end", "It cannot be taken up again"), ("No, leave it", "State: active"), ("Force end", "End session"))
    await go(lensa, ("Yes, end it", "is over."), ("Back", "State: ended (admin)"))
    await sara.see("have ended this conversation")
    await counselors[0].see("An admin has ended the conversation")

    await ask(liya)
    for label, part in (
        ("Back", "Sessions: ended"),
        ("all", "Sessions: all"),
        ("offered", "Sessions: offered"),
        ("ended", "ended"),
    ):
        await go(lensa, (label, part))
    await go(lensa, ("waiting", "Sessions: waiting"), ("Psychological", "State: waiting"), ("Accept myself", "Take up session"))
    await go(lensa, ("No, leave it", "State: waiting"), ("Accept myself", "as The counseling team"))
    await go(lensa, ("Yes, I take it", "You are talking with student"))
    await liya.see("The counseling team is here for you.")
    await lensa.send(f"I am here {TYPED}")
    await liya.see(f"The counseling team\nI am here {TYPED}")


async def visit_tasks(lensa: Person) -> None:
    """Run one; who asked is told how it went. The rest of it is in ``test_admin_schedules.py``."""
    await lensa.send("/admin")
    await go(lensa, ("Tasks", "cleanup"), ("cleanup", "every 30 minutes"), ("Run now", "cleanup is started."))
    await lensa.see("cleanup, which you asked for, is done: Cleaned up 0 old sessions and 0 messages.")
    await go(lensa, ("⏰ Tasks", "✅"), ("Panel", "Waiting for a counselor"), ("Statistics", "Requests: 2"))
    assert await (await lensa.press("Refresh")).answered() is None
    await to_panel(lensa)


async def test_every_button_of_the_panel_leads_somewhere(server: BotApiServer, programs: Programs) -> None:
    """Applications, counselors, admins, sessions, tasks and figures; each action of an admin is one of those pressed."""
    lensa, friend = server.person("Lensa"), server.person("Friend")
    await start(programs, lensa)
    await open_panel(lensa)
    await visit_what_is_empty(lensa)
    counselors = await visit_applications(server, lensa)
    await visit_counselors(lensa, counselors[0], f"{TYPED} 0")
    await visit_admins(lensa, friend, counselors[0], f"{TYPED} 0")
    await visit_sessions(server, lensa, counselors, f"{TYPED} 0")
    await visit_tasks(lensa)
    await go(lensa, ("Counselors", "Counselors"), (f"{TYPED} 3", "State: ⚪ offline"), ("Delete", "Delete the counselor"))
    await go(lensa, ("No, leave it", "State:"), ("Delete", "Delete the counselor"), ("Yes, delete", "no longer a counselor"))
    await counselors[1].see("taken you out of the list of counselors")
    await go(lensa, ("Back", "Counselors"), ("Home", "Conversations: 1"))

    queries = server.world.queries.values()
    await server.wait_for(lambda: all(query.is_answered for query in queries))
    actions = {action for action in ACTIONS if action.split(".")[0] == "admin" and not is_of_schedules(action)}
    assert set() == unpressed(server, actions - ENTRIES)
    assert set() == unpressed(server, ENTRIES) & ENTRIES


async def test_the_commands_of_an_admin(server: BotApiServer, programs: Programs) -> None:
    """Each is answered with a way on, what runs tells how it went, and ``/help`` names them all."""
    lensa, sara = server.person("Lensa"), server.person("Sara")
    await start(programs, lensa)
    await lensa.send("/help")
    shown = await lensa.see("For admins")
    for command, part in (
        ("/admin", "Admin Panel"),
        ("/pending", "Nobody waits for a decision."),
        ("/counselors", "There are none yet."),
        ("/stats", "Statistics"),
        ("/tasks", "Scheduled tasks"),
        ("/health", ""),
    ):
        await lensa.send(command)
        assert (await lensa.see(part)).buttons
        assert command in shown.text
    for name, part in (
        ("cleanup", "Cleaned up 0 old"),
        ("match", "Auto-matched 0 pending"),
        ("backup", "Database backed up to: "),
    ):
        await lensa.send(f"/{name}")
        await lensa.see(f"{name} is started.")
        await lensa.see(f"{name}, which you asked for, is done: {part}")
        assert f"/{name}" in shown.text

    await sara.open()
    await sara.see("What would you like to do?")
    for command in ("/admin", "/pending", "/counselors", "/stats", "/tasks", "/health", "/backup", "/cleanup", "/match"):
        await sara.send(command)
        await sara.see("You may not do that.")
    await sara.send("/help")
    assert "For admins" not in (await sara.see("How it works")).text


@pytest.mark.parametrize("environment", ["sqlite"], indirect=True)
async def test_admins_from_the_terminal(server: BotApiServer, programs: Programs) -> None:
    """Beside a running bot: appointed and dismissed by command, told by the bot; what cannot be is said in a line."""
    hana = server.person("Hana")
    await programs.start(**UNLIMITED)
    unknown = await programs.cli("people", "appoint-admin", "--telegram-id", str(hana.id))
    assert (1, 1) == (unknown.code, len(unknown.err.splitlines()))
    assert "press Start" in unknown.err

    await enrol(programs, hana, "Hana")
    appointed = await programs.cli("people", "appoint-admin", "--telegram-id", str(hana.id))
    await hana.see("You are an admin of this service now")
    await go(hana, ("Admin Panel", "Counselors online: 1 of 1"))
    dismissed = await programs.cli("people", "dismiss-admin", "--telegram-id", str(hana.id))
    await hana.see("You are no longer an admin")
    refused = await hana.press("Applications")
    assert "You may not do that." == await refused.answered()
    again = await programs.cli("people", "dismiss-admin", "--telegram-id", str(hana.id))
    wrong = await programs.cli("people", "appoint-admin", "--telegram-id", "abc")

    assert [(0, "They are an admin now.\n"), (0, "They are no longer an admin.\n")] == [
        (done.code, done.out) for done in (appointed, dismissed)
    ]
    assert [1, 2] == [again.code, wrong.code]
