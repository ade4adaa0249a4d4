"""The command line: ``python -m bot`` and ``run_scheduled_tasks.py``. What needs no Telegram imports none of it."""

from __future__ import annotations

from typing import Annotated

import typer

from bot import texts
from bot.app import App
from bot.commands.console import WRONG, fail, load_settings, run_with
from bot.commands.console import run as run_work
from bot.commands.running import run_scheduled_tasks
from bot.commands.tasks import tasks_app
from bot.domain.people import OPERATOR, Gender, display_name
from bot.services.enrolling import Volunteer

app = typer.Typer(help="The HU Counseling bot.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
people_app = typer.Typer(help="Counselors and admins.", no_args_is_help=True)
app.add_typer(people_app, name="people")
app.add_typer(tasks_app, name="tasks")


@app.callback()
def main() -> None:
    """Anonymous talks with trained volunteers, and the maintenance that keeps them safe."""


@app.command()
def run() -> None:
    """Run the bot until SIGTERM or SIGINT."""
    settings = load_settings()
    from bot import lifecycle  # noqa: PLC0415 — imports telegram

    run_work(lambda: lifecycle.run(settings))


@app.command()
def scheduler() -> None:
    """Execute what is scheduled until SIGTERM or SIGINT, beside any number of others; on PostgreSQL, without a token."""
    settings = load_settings()
    from bot import processes  # noqa: PLC0415 — what only lives on for long

    run_work(lambda: processes.run_scheduler(settings))


@app.command()
def demo(*, script: Annotated[bool, typer.Option("--script", help="End after the story.")] = False) -> None:
    """Play a whole conversation between made-up people, without a token and without Telegram."""
    if load_settings().bot_token is not None:
        fail("BOT_TOKEN is set (here or in .env), and the demo must not meet real people: run it in another folder.", WRONG)
    from bot import demonstration  # noqa: PLC0415 — imports telegram and the playground

    run_work(lambda: demonstration.run(ends=script))


@people_app.command("add-counselor")
def add_counselor(
    telegram_id: Annotated[int, typer.Option(help="Their Telegram id, a number; @userinfobot tells it.")],
    name: Annotated[str, typer.Option(help="The name that students see, 2 to 50 characters.")],
    topics: Annotated[str, typer.Option(help=f"Keys separated by commas, the first counts most: {', '.join(texts.topics())}.")],
    gender: Annotated[Gender, typer.Option(help="For the wishes of students.")] = Gender.ANONYMOUS,
) -> None:
    """Make somebody a counselor, approved and online; also beside a running bot."""
    keys = [key.strip() for key in topics.split(",") if key.strip()]
    volunteer = Volunteer(telegram_id=telegram_id, name=name, topics=keys, gender=gender)

    async def add(opened: App) -> None:
        await opened.enrolling.add_counselor(OPERATOR, volunteer)

    run_with(add)
    typer.echo(f"{display_name(name)} is a counselor now, approved and online.")


TheirId = Annotated[str, typer.Option(help="Their Telegram id, a number; they must have written to the bot before.")]


@people_app.command("appoint-admin")
def appoint_admin(telegram_id: TheirId) -> None:
    """Make somebody an admin, beside those of ADMIN_IDS; also beside a running bot."""

    async def appoint(opened: App) -> None:
        await opened.admin.appointing.appoint_by_telegram_id(OPERATOR, telegram_id)

    run_with(appoint)
    typer.echo("They are an admin now.")


@people_app.command("dismiss-admin")
def dismiss_admin(telegram_id: TheirId) -> None:
    """Take the role of an admin away from somebody who was appointed; also beside a running bot."""

    async def dismiss(opened: App) -> None:
        await opened.admin.appointing.dismiss_by_telegram_id(OPERATOR, telegram_id)

    run_with(dismiss)
    typer.echo("They are no longer an admin.")


def main_of_script() -> None:
    """Run ``run_scheduled_tasks.py``."""
    typer.run(run_scheduled_tasks)
