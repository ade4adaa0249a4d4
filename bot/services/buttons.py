"""The rows of buttons that stand under more than one message."""

from __future__ import annotations

from bot.domain.outgoing import Button, Keyboard
from bot.texts import everyone

REQUEST = [Button(everyone.REQUEST, "request")]
SOS = [Button(everyone.SOS, "sos")]
HOME = [Button(everyone.MENU, "home")]
HOME_BELOW = [Button(everyone.MENU, "home.below")]  #: where what the message says should stay
SOS_AND_HOME: Keyboard = [SOS, HOME]
