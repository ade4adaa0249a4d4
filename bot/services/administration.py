"""What admins do, put together: counting, deciding about people, steering sessions, appointing."""

from __future__ import annotations

from dataclasses import dataclass

from bot.services.appointing import Appointing
from bot.services.moderating import Moderating
from bot.services.reporting import Reporting
from bot.services.steering import Steering


@dataclass(frozen=True, slots=True, kw_only=True)
class Administration:
    """The services behind the Admin Panel."""

    reporting: Reporting
    moderating: Moderating
    steering: Steering
    appointing: Appointing
