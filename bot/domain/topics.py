"""What a student can ask help for, and which words suggest it."""

from __future__ import annotations

from dataclasses import dataclass

GENERALIST = "other"  #: the topic whose counselors take what no specialist is there for
CRISIS = "crisis_substance"  #: the topic that goes before all others


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """One line of the topics file."""

    key: str
    icon: str
    label: str
    description: str
    keywords: tuple[str, ...]

    @property
    def title(self) -> str:
        """Icon and label, as on a button."""
        return f"{self.icon} {self.label}"

    @property
    def is_crisis(self) -> bool:
        """Whether a request for it is a crisis."""
        return self.key == CRISIS
