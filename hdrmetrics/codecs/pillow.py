"""The codecs that Pillow implements, for display-encoded pictures of eight bits."""

from __future__ import annotations

import io
from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np
from PIL import Image
from torch import Tensor

from hdrmetrics.codecs.codec import Codec
from hdrmetrics.codecs.samples import from_codes, to_codes
from hdrmetrics.errors import ImageReadError, ImageWriteError


class PillowCodec(Codec):
    """Base of the codecs that save and open files with Pillow."""

    format: ClassVar[str]
    """As Pillow calls it."""

    @abstractmethod
    def options(self) -> dict[str, Any]:
        """Return what goes to ``Image.save``."""

    def encode(self, image: Tensor) -> bytes:
        """Return the file of a picture ``(1, C, H, W)`` in [0, 1], rounded to eight bits.

        Raises
        ------
        ImageWriteError
            If the picture is larger than the format allows.
        """
        file = io.BytesIO()
        try:
            Image.fromarray(to_codes(image, 8)).save(file, self.format, **self.options())
        except (OSError, ValueError) as error:
            raise ImageWriteError(f"{self.info.name} cannot hold the picture ({error})") from error
        return file.getvalue()

    def decode(self, data: bytes) -> Tensor:
        """Return the picture of a file.

        Raises
        ------
        ImageReadError
            If it cannot be decoded.
        """
        try:
            with Image.open(io.BytesIO(data), formats=[self.format]) as picture:
                return from_codes(np.asarray(picture), 8)
        except (OSError, ValueError) as error:
            raise ImageReadError(f"corrupt {self.info.name} data ({error})") from error
