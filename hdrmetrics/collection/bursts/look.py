"""What a picture looks like, in some 1200 bytes: by this its like are found, and the best."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from hdrmetrics.errors import TableError

SIDE = 32
"""Pixels a side of the small grey picture, whatever the picture's shape."""

WIDTH = 128
"""Numbers of the embedding."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a picture looks like, when it was taken, and what may be wrong with it.

    Parameters
    ----------
    small
        The picture in grey, squeezed to 32×32 codes of 8 bits, row by row: its perceptual hash.
    embedding
        What a network sees of it, whatever its place: 128 signed bytes, 127 times a vector whose
        largest component is 1.
    taken
        When, by the camera's clock, as ISO 8601 has it; empty where the file does not say.
    detail
        Pixels a side that its sharpest edges would fill, if none of them were blurred.
    noise
        Standard deviation of what is finer than the picture's structure, in codes of 8 bits.
    blocks
        How much steeper the picture is where blocks of 8 pixels meet, less 1; 0 without them.
    bright, dark
        Parts of the pixels in which a channel is at its end, or all are black; 0 of HDR pictures.

    Raises
    ------
    TableError
        If the bytes are too many or too few.
    """

    small: bytes
    embedding: bytes
    taken: str = ""
    detail: float = 0.0
    noise: float = 0.0
    blocks: float = 0.0
    bright: float = 0.0
    dark: float = 0.0

    def __post_init__(self) -> None:
        if len(self.small) != SIDE**2 or len(self.embedding) != WIDTH:
            raise TableError(
                f"a look holds {SIDE**2} and {WIDTH} bytes, not {len(self.small)} and "
                f"{len(self.embedding)}: make it again"
            )

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values: bytes in base 64, the rest as it is."""
        record = asdict(self)
        for name in ("small", "embedding"):
            record[name] = b64encode(record[name]).decode("ascii")
        return record

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Look:
        """Return the look that :meth:`to_dict` wrote.

        Raises
        ------
        TableError
            If it is none, or one of another version.
        """
        try:
            values = dict(record)
            for name in ("small", "embedding"):
                values[name] = b64decode(values[name], validate=True)
            return cls(**values)
        except (KeyError, TypeError, ValueError) as error:
            raise TableError(f"this is no look ({error}): make it again") from error
