"""The screens: what they say, and which buttons lead on and back. One module for each part of the service."""

from __future__ import annotations

from bot.domain.outgoing import Keyboard
from bot.domain.text import Text

Screen = tuple[Text, Keyboard]
