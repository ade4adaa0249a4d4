"""When tasks run, and that each does so once."""

from __future__ import annotations
