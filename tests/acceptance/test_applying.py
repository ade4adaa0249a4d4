"""Becoming a counselor, the dashboard and the profile, by buttons, over HTTP, on both databases."""

from __future__ import annotations

from bot import app as root
from bot.playground import BotApiServer, Person
from bot.settings import load
from bot.telegram.handlers import applying, dashboard
from tests.acceptance.pressing import unpressed
from tests.acceptance.program import UNLIMITED, Programs
from tests.acceptance.steps import accept, add_counselor, ask, enrol

NAME, BIO = "Dr. <b>&_* 😀", "I study psychology <b>&_* in my fourth year,\nand I have time in the evening. 😀"
TOPICS = ("Academic", "Psychological", "Life Skills", "Spiritual", "Addiction", "Other")
PRESS = "Please press one of the buttons."
STICKER = {
    "file_id": "F",
    "file_unique_id": "U",
    "width": 1,
    "height": 1,
    "is_animated": False,
    "is_video": False,
    "type": "regular",
}


def labels(person: Person) -> list[str]:
    """Return the buttons of the newest screen."""
    return [label for row in (person.last.buttons if person.last else []) for label in row]


async def shows(server: BotApiServer, person: Person, label: str) -> None:
    """Wait until the newest screen has a button; a change of buttons alone is nothing that one reads."""
    await server.wait_for(lambda: any(label in shown for shown in labels(person)))


async def choose(server: BotApiServer, person: Person, *topics: str) -> None:
    """Press topics of which none is chosen; each shows its place."""
    for number, topic in enumerate(topics, 1):
        await person.press(topic)
        await shows(server, person, f"✅ {number}. ")


async def fill_in(server: BotApiServer, person: Person) -> None:
    """Answer each question of the form at once, from the first screen on."""
    await person.press("Become a Counselor")
    await person.see("What can you help with?")
    await choose(server, person, "Other", "Academic")
    await person.press("Next")
    await person.see("How may students think of you?")
    await person.press("Rather not say")
    await person.see("Under which name")
    await person.send(NAME)
    await person.see("Tell us about yourself.")
    await person.send(BIO)
    await person.see("It is not sent yet.")


async def send(person: Person) -> None:
    """Send a complete application."""
    await person.press("Send application")
    await person.see("Thank you for wanting to help.")


async def go_home(person: Person, part: str) -> None:
    """Press *Home*, and see where one stands."""
    await person.press("Home")
    await person.see(part)


async def reject(lensa: Person, reason: str) -> None:
    """Reject the application that Lensa was told of last."""
    await lensa.see("would like to become a counselor")
    await lensa.press("Read it")
    await lensa.see(NAME)
    await lensa.press("Reject")
    await lensa.see("eason")
    await lensa.send(reason)
    await lensa.see("This is what they will read:")
    await lensa.press("Yes, reject")
    await lensa.see("is rejected.")


async def visit_the_topics(server: BotApiServer, dawit: Person) -> None:
    """Go through the form with everything that can go wrong, up to the topics that are chosen."""
    await dawit.open()
    await dawit.see("What would you like to do?")
    await dawit.press("Become a Counselor")
    await dawit.see("What can you help with?")
    await dawit.press("Cancel")
    await dawit.see("What would you like to do?")
    await dawit.press("Become a Counselor")
    await dawit.see("What can you help with?")
    await dawit.send("everything")
    await dawit.see(PRESS)
    await dawit.see("What can you help with?")
    assert not any("Next" in label for label in labels(dawit))
    await choose(server, dawit, *TOPICS)
    for place, topic in enumerate(("Psychological", "Life Skills", "Spiritual", "Addiction")):
        await dawit.press(topic)
        await shows(server, dawit, f"✅ {5 - place}. 💬 Other")


async def visit_the_gender(dawit: Person) -> None:
    """Go on from the topics, back and forth, up to the question for the name."""
    await dawit.press("Next")
    await dawit.see("How may students think of you?")
    await dawit.press("Back")
    await dawit.see("What can you help with?")
    await dawit.press("Next")
    await dawit.see("How may students think of you?")
    await dawit.send("as a friend")
    await dawit.see(PRESS)
    await dawit.see("How may students think of you?")
    await dawit.press("Male")
    await dawit.see("Under which name")
    await dawit.press("Back")
    await dawit.see("How may students think of you?")
    await dawit.press("Female")
    await dawit.see("Under which name")


async def refuse(person: Person, text: str, sentence: str) -> None:
    """Write what cannot be taken; the refusal says what would be right."""
    await person.send(text)
    await person.see(sentence)


async def visit_the_texts(programs: Programs, variables: dict[str, str], dawit: Person) -> None:
    """Write name and bio, refused ones first; the bot is stopped in the middle, and writes on where it was."""
    for name in ("x", "x" * 4096, "x" * 904):
        await refuse(dawit, name, f"A display name has 2 to 50 characters, for example: Dawit. This one has {len(name)}.")
    await dawit.send_raw({"sticker": STICKER})
    await dawit.see("Please answer in words")
    await dawit.send("Dr. <b>&_*\n\n  😀")
    await dawit.see("Tell us about yourself.")
    await dawit.press("Back")
    asked = await dawit.see("Under which name")
    assert asked.text.endswith(f"Now it says:\n{NAME}")
    await dawit.send(NAME)
    await dawit.see("Tell us about yourself.")
    for bio in ("too short", "x" * 4096, "x" * 904):
        await refuse(dawit, bio, f"What you say about yourself has 50 to 500 characters. This has {len(bio)};")
    await programs.started[-1].stop()
    await dawit.send(BIO)
    await programs.start(**variables)
    summary = await dawit.see("It is not sent yet.")
    assert (
        f"Your application\nTopics: 📚 Academic, 💬 Other Counseling\nGender: Female\nDisplay name: {NAME}\nAbout you: {BIO}\n\n"
        "Is everything right? It is not sent yet." == summary.text
    )


async def visit_the_summary(dawit: Person) -> None:
    """Go to each part of the summary and back, and change one."""
    for button, question in (
        ("Topics", "What can you help with?"),
        ("Gender", "How may students think of you?"),
        ("Display name", "Under which name"),
        ("About you", "Tell us about yourself."),
    ):
        await dawit.press(f"✏️ {button}")
        await dawit.see(question)
        await dawit.press("Back")
        await dawit.see("It is not sent yet.")
    await dawit.send("send it")
    await dawit.see(PRESS)
    await dawit.see("It is not sent yet.")
    await dawit.press("✏️ Gender")
    await dawit.see("How may students think of you?")
    await dawit.press("Rather not say")
    await dawit.see("Gender: Rather not say")
    await send(dawit)


async def visit_what_waits(dawit: Person) -> None:
    """Look at the application that waits, keep it, and withdraw it."""
    await dawit.press("My application")
    waiting = await dawit.see("Your application waits for the admins.")
    assert f"Display name: {NAME}\nAbout you: {BIO}\n" in waiting.text
    await go_home(dawit, "What would you like to do?")
    await dawit.press("My application")
    await dawit.see("Your application waits for the admins.")
    await dawit.press("Withdraw")
    await dawit.see("Take your application back?")
    await dawit.press("No, keep it")
    await dawit.see("Your application waits for the admins.")
    await dawit.press("Withdraw")
    await dawit.see("Take your application back?")
    await dawit.press("Yes, withdraw it")
    await dawit.see("Your application is withdrawn and erased.")
    await go_home(dawit, "What would you like to do?")


async def test_from_the_first_press_to_a_counselor(server: BotApiServer, programs: Programs) -> None:
    """Every button of an application is pressed; it is withdrawn, rejected, sent again, and its sender becomes a counselor."""
    lensa, dawit = server.person("Lensa"), server.person("Dawit")
    variables = {"ADMIN_IDS": str(lensa.id), **UNLIMITED}
    await programs.start(**variables)
    await lensa.open()
    await lensa.see("HU Counseling")
    await visit_the_topics(server, dawit)
    await visit_the_gender(dawit)
    await visit_the_texts(programs, variables, dawit)
    await visit_the_summary(dawit)
    told = await lensa.see("would like to become a counselor")
    await visit_what_waits(dawit)
    await fill_in(server, dawit)
    await send(dawit)
    await reject(lensa, "Please tell <more>.")
    rejected = await dawit.see("was not accepted.")
    await go_home(dawit, "What would you like to do?")
    await dawit.press("Become a Counselor")
    assert rejected.text == (await dawit.see("was not accepted.")).text
    await dawit.press("Apply again")
    await dawit.see("It is not sent yet.")
    await send(dawit)
    await lensa.see("would like to become a counselor")
    await add_counselor(programs, dawit, "Dawit", "other")
    await dawit.see("Welcome, Dawit.")
    await dawit.press("My application")
    await dawit.see("Dawit, 🟢 online")

    assert NAME not in told.text
    assert "The reason: Please tell <more>.\n" in rejected.text
    assert set() == unpressed(server, applying.ACTIONS)


async def test_who_was_deactivated_is_told_so(server: BotApiServer, programs: Programs) -> None:
    """The way back leads over the admins: an old button says so, and the first screen has none."""
    lensa, dawit = server.person("Lensa"), server.person("Dawit")
    variables = {"ADMIN_IDS": str(lensa.id), **UNLIMITED}
    await programs.start(**variables)
    await dawit.open()
    first = await dawit.see("What would you like to do?")
    await add_counselor(programs, dawit, "Dawit")
    await dawit.see("Welcome, Dawit.")
    async with root.opened(load({**programs.environment, **variables}, None), kind="cli", is_guest=True) as app:
        admin, counselor = await app.people.identify(lensa.id), await app.people.identify(dawit.id)
        await app.admin.moderating.deactivate(admin, counselor.me)
    await dawit.press("Become a Counselor", in_message=first)
    await dawit.see("the admins have deactivated you.")
    await go_home(dawit, "What would you like to do?")

    assert not any("Counselor" in label for label in labels(dawit))


async def visit_the_profile(server: BotApiServer, dawit: Person) -> None:
    """Change each part of the profile, with a wrong turn at each."""
    await dawit.press("✏️ Topics")
    await dawit.see("What can you help with?")
    await dawit.send("all of them")
    await dawit.see(PRESS)
    await dawit.see("What can you help with?")
    await dawit.press("Other")
    await server.wait_for(lambda: not any("✅" in label for label in labels(dawit)))
    await choose(server, dawit, *TOPICS)
    await dawit.press("Save")
    await dawit.see("✅ Saved.")
    await dawit.press("✏️ Gender")
    await dawit.see("How may students think of you?")
    await dawit.send("as a friend")
    await dawit.see(PRESS)
    for gender in ("Male", "Female", "Rather not say"):
        await dawit.see("How may students think of you?")
        await dawit.press(gender)
        await dawit.see(f"Gender: {gender}")
        await dawit.press("✏️ Gender")
    await dawit.see("How may students think of you?")
    await dawit.press("Back")
    await dawit.see("Your profile")
    await dawit.press("✏️ About you")
    await dawit.see("not to a student")
    await refuse(dawit, "x" * 501, "50 to 500 characters. This has 501;")
    await dawit.send(BIO)
    await dawit.see(f"This is what you say about yourself:\n{BIO}\n")
    await dawit.press("Save")
    await dawit.see(f"About you: {BIO}")


async def visit_the_name(programs: Programs, dawit: Person) -> None:
    """Write a name that was meant for a student, see it in time, and write the right one; the bot is stopped in between."""
    await dawit.press("✏️ Display name")
    await dawit.see("not to a student")
    await dawit.send("I am here for you")
    await dawit.see("Students will know you as I am here for you.")
    await dawit.send("no")
    await dawit.see(PRESS)
    await dawit.see("Students will know you as I am here for you.")
    await dawit.press("Write it again")
    await dawit.see("Under which name")
    await programs.started[-1].stop()
    await dawit.send(NAME)
    await programs.start(**UNLIMITED)
    await dawit.see(f"Students will know you as {NAME}.")
    await dawit.press("Save")
    await dawit.see(f"Display name: {NAME}")


async def visit_the_dashboard(server: BotApiServer, dawit: Person, liya: Person) -> None:
    """Go offline with an offer that was not answered, and online again, in the middle of a conversation; look at the figures."""
    await dawit.press("Counselor Dashboard")
    board = await dawit.see("Dawit, 🟢 online")
    assert "Offers to answer: 0\nConversations: 1 of 3\nRating: shown from 3 ratings on, so far 0" in board.text
    await ask(liya)
    offer = await dawit.see("A student asks for help.")
    await dawit.press("Go offline")
    assert "Conversations that go on: 1." in (await dawit.see("You are offline: nothing new")).text
    await server.wait_for(lambda: offer.text == "This request is no longer available.")
    await dawit.press("Go online")
    await dawit.see("You are online:")
    await dawit.see("A student asks for help.")
    await dawit.press("My Statistics")
    figures = (await dawit.see("Your statistics")).text
    assert "Conversations now: 1\nConversations ended: 0\n" in figures
    assert "Offers accepted: 1\nOffers declined: 0\n" in figures
    await dawit.press("Back")
    await dawit.see("Offers to answer: 1")


async def test_the_dashboard_and_the_profile(server: BotApiServer, programs: Programs) -> None:
    """Every button is pressed in the middle of a conversation, which goes on; the student sees the new name."""
    sara, liya, dawit = server.person("Sara"), server.person("Liya"), server.person("Dawit")
    await programs.start(**UNLIMITED)
    await enrol(programs, dawit, "Dawit", "other")
    await ask(sara)
    alias = await accept(dawit, sara)
    await dawit.send("/menu")
    await dawit.see(alias)
    await visit_the_dashboard(server, dawit, liya)
    await dawit.press("Edit Profile")
    await dawit.see("Your profile")
    await visit_the_profile(server, dawit)
    await visit_the_name(programs, dawit)
    await dawit.press("Back")
    await dawit.see(f"{NAME}, 🟢 online")
    await dawit.send("still here")
    await sara.see(f"{NAME}\nstill here")

    assert set() == unpressed(server, dashboard.ACTIONS)
    assert not [text for text in sara.received if "I am here for you" in text]
