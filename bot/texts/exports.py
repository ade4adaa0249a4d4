"""What is said about the daily figures as a table."""

from __future__ import annotations

from bot.domain.text import Text

NO_EXPORT = Text(
    "There is nothing at this address. An admin can make a new one, for example after /tasks shows that export_sheet ran."
)
NO_ADDRESS = Text("There is no address to take back: none was made, or it was taken back already.")
SHEET = Text("Daily figures")
