"""What carries a run that is due to where it is executed."""

from __future__ import annotations

from typing import Protocol


class Runner(Protocol):
    """Executes runs in this process."""

    async def run(self) -> None:
        """Take runs as they fall due, until cancelled; those under way go on."""
        ...

    async def drain(self, *, seconds: float) -> None:
        """Let the runs under way finish; those that take longer are stopped and go back, to be done later."""
        ...
