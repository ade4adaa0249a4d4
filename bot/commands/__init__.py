"""The commands for schedules and runs, and what all commands share; ``cli.py`` puts them together."""

from __future__ import annotations
