"""What carries a run that is due to where it is executed."""

from __future__ import annotations
