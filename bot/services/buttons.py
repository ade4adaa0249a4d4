"""The rows of buttons that stand under more than one message."""

from __future__ import annotations

from bot.domain.outgoing import Button, Keyboard
from bot.domain.sessions import STARS
from bot.texts import dashboard, ending, everyone

REQUEST = [Button(everyone.REQUEST, "request")]
SOS = [Button(everyone.SOS, "sos")]
HOME = [Button(everyone.MENU, "home")]
HOME_BELOW = [Button(everyone.MENU, "home.below")]  #: where what the message says should stay
DASHBOARD = [Button(dashboard.DASHBOARD, "dashboard")]
SOS_AND_HOME: Keyboard = [SOS, HOME]


def rating(alias: str) -> list[list[Button]]:
    """Return the buttons under the question how a conversation was."""
    stars = [Button(ending.STARS(stars=number), "rating.stars", f"{alias}-{number}") for number in STARS]
    return [stars, [Button(ending.NOT_NOW, "rating.later", alias)]]
