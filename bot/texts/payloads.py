"""What is said about the payload of a task: what a field takes, and what is wrong with what was given."""

from __future__ import annotations

from bot.domain.text import Text

ASKS_FOR_WHOLE = Text("a whole number{bounds}, for example {example}")
ASKS_FOR_NUMBER = Text("a number{bounds}, for example {example}")
ASKS_FOR_TEXT = Text("a text, for example {example}")
ASKS_FOR_TRUTH = Text("true or false")
ASKS_FOR_CHOICE = Text("one of: {choices}")
ASKS_FOR_JSON = Text("JSON, for example {example}")
BETWEEN = Text(" from {least} to {most}")
FROM = Text(" from {least} on")
UP_TO = Text(" up to {most}")
ANY = Text("")

UNKNOWN_FIELD = Text("The task {task} takes no {name}. It takes: {fields}.")
UNKNOWN_FIELD_NEAR = Text("The task {task} takes no {name}. Did you mean {near}?")
NO_FIELDS = Text("The task {task} takes no payload: leave {name} out.")
WRONG_FIELD = Text("{name} is {asks}.")
WRONG_PAYLOAD = Text("The payload of {task} cannot be used because of {name}: {reason}.")
MISSING_FIELD = Text("The task {task} needs {name}: {asks}.")
