"""What a picture looks like, in a few hundred bytes: by this its like are found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Look:
    """What a picture looks like, and when it was taken.

    Parameters
    ----------
    hashes
        Perceptual hashes, as hexadecimal digits.
    embedding
        What a network sees of it, of length 1.
    taken
        When, by the camera's clock, as ISO 8601 has it; empty where the file does not say.
    """

    hashes: tuple[str, ...]
    embedding: tuple[float, ...]
    taken: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {
            "hashes": list(self.hashes), "embedding": list(self.embedding), "taken": self.taken
        }  # fmt: skip

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Look:
        """Return the look that :meth:`to_dict` wrote."""
        return cls(tuple(record["hashes"]), tuple(record["embedding"]), record["taken"])
