"""The scheduled tasks from a terminal: ``python run_scheduled_tasks.py TASK|all|list``."""

from __future__ import annotations

from bot.cli import main_of_script

if __name__ == "__main__":
    main_of_script()
