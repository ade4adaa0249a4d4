"""``python -m bot``."""

from __future__ import annotations

from bot.cli import app

if __name__ == "__main__":
    app(prog_name="python -m bot")
