"""The Telegram transport: what comes in, what goes out, and the screens in between. Nothing else imports ``telegram``."""

from __future__ import annotations
