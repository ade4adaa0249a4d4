"""Every SQL statement: the seam to the two databases, and one module for each table."""

from __future__ import annotations
