"""The HU Counseling bot: anonymous talks with trained volunteers, and the maintenance that keeps them safe.

Imports point one way: domain, texts, settings, storage, services, tasks, scheduler, telegram, app, cli.
"""

from __future__ import annotations
