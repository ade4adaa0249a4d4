"""What can be done: one use case for each method, one transaction for each thing that happens."""

from __future__ import annotations
