"""Short random codes that a person may have to read aloud."""

from __future__ import annotations

import secrets

_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  #: none that look alike; 5 bits each


def new_code(length: int) -> str:
    """Return a code of *length* letters and digits that nobody can guess or count."""
    return "".join(secrets.choice(_LETTERS) for _ in range(length))
