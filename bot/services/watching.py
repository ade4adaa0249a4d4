"""What looks after the service by itself, together."""

from __future__ import annotations

from dataclasses import dataclass

from bot.services.drilling import Drilling
from bot.services.health_check import HealthCheck
from bot.services.idling import Idling
from bot.services.invariants import Invariants
from bot.services.reminding import Reminding
from bot.services.summary import Summary


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """The services of the tasks that nobody asks for."""

    idling: Idling
    invariants: Invariants
    reminding: Reminding
    summary: Summary
    health_check: HealthCheck
    drilling: Drilling
