"""Pure values and rules: no I/O, no clock, no randomness."""

from __future__ import annotations
