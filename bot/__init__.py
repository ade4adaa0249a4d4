"""The HU Counseling bot: anonymous talks with trained volunteers, and the maintenance that keeps them safe.

Imports point one way: domain, texts, settings, storage, services, tasks, scheduler, telegram, app, lifecycle, cli.
"""

from __future__ import annotations

import sys
from types import ModuleType

# httpx has a command line of its own and imports it, with pygments and rich, wherever those are installed: 5 MB of memory that a
# small host has a better use for. An empty module in its place is what httpx finds on a machine without them; it must be here
# before anything of the bot imports telegram.
sys.modules.setdefault("httpx._main", ModuleType("httpx._main"))
