"""What anybody can ask for."""

from __future__ import annotations

from bot import texts
from bot.domain.outgoing import Urgency
from bot.domain.people import Role
from bot.services import buttons
from bot.telegram.context import Call, Handler, has_left
from bot.telegram.screens import home as screens
from bot.texts import admin, everyone


async def home(call: Call) -> None:
    """``/start``, ``/menu`` and 🏠: where somebody stands; what they were filling in is left."""
    await call.services.dialogs.leave(call.actor)
    await call.show(*await screens.home(call))


async def home_below(call: Call) -> None:
    """🏠 under something that should stay readable: the same, below it."""
    await call.services.dialogs.leave(call.actor)
    await call.say(*await screens.home(call))


async def help_(call: Call) -> None:
    """``/help``: how it works, and for admins their commands."""
    is_admin = Role.ADMIN in call.actor.roles
    await call.show(admin.HELP(help=everyone.HELP) if is_admin else everyone.HELP, buttons.SOS_AND_HOME)


async def about(call: Call) -> None:
    """``/about``: what this is."""
    await call.show(everyone.ABOUT, buttons.SOS_AND_HOME)


async def privacy(call: Call) -> None:
    """``/privacy``: what is kept, and for how long."""
    await call.show(everyone.PRIVACY(days=call.services.retention_days), buttons.SOS_AND_HOME)


async def sos(call: Call) -> None:
    """``/sos`` and 🆘: help lines, below what is there, so that a half-finished form stays."""
    await call.say(texts.help_lines(), [buttons.HOME_BELOW], urgency=Urgency.CRISIS)


async def cancel(call: Call) -> None:
    """``/cancel``: leave what is being filled in."""
    was_in_form = await call.services.dialogs.leave(call.actor)
    await call.show(everyone.CANCELLED if was_in_form else everyone.NOTHING_TO_CANCEL, buttons.SOS_AND_HOME)


async def unknown_command(call: Call) -> None:
    """Any other command."""
    await call.show(everyone.UNKNOWN_COMMAND, buttons.SOS_AND_HOME)


async def membership(call: Call) -> None:
    """Somebody has blocked the bot, or let it back in; the latter is known by every update of theirs."""
    if has_left(call.update):
        await call.services.reaching.left(call.actor)


COMMANDS: dict[str, Handler] = {
    "start": home,
    "menu": home,
    "help": help_,
    "about": about,
    "privacy": privacy,
    "sos": sos,
    "cancel": cancel,
}
ACTIONS: dict[str, Handler] = {"home": home, "home.below": home_below, "help": help_, "privacy": privacy, "sos": sos}
