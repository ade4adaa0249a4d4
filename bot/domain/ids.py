"""Identifiers: integers that must not be mistaken for one another, and the clock that everything takes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NewType

MOST = 2**63 - 1  #: the greatest number that a column of either database holds

Clock = Callable[[], datetime]  #: the current instant, aware, in UTC

KeyId = NewType("KeyId", int)
PersonId = NewType("PersonId", int)
SessionId = NewType("SessionId", int)
OfferId = NewType("OfferId", int)
DeliveryId = NewType("DeliveryId", int)
ScheduleId = NewType("ScheduleId", int)
RunId = NewType("RunId", int)

CounselorId = PersonId  #: a counselor is a person; the same number, so that the database can refuse a match with oneself
