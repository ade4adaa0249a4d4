"""What a command, a press or a message asks for: parse, call one service, show a screen."""

from __future__ import annotations
