"""The codecs that the optional package imagecodecs implements."""

from __future__ import annotations

import importlib
from abc import abstractmethod
from types import ModuleType
from typing import Any, ClassVar

import numpy as np
from torch import Tensor

from hdrmetrics.codecs.codec import Codec
from hdrmetrics.codecs.samples import Samples, Signal
from hdrmetrics.errors import ImageReadError, ImageWriteError, MissingCodecError

NEEDS = "imagecodecs: pip install 'hdrmetrics[codecs]'"


def _library() -> ModuleType | None:
    try:
        return importlib.import_module("imagecodecs")
    except ImportError:
        return None


class PeerCodec(Codec):
    """Base of the codecs that call ``imagecodecs``, which is imported on first use."""

    feature: ClassVar[str]
    """As ``imagecodecs`` calls the format: ``"AVIF"`` for ``avif_encode`` and ``avif_decode``."""

    decoding: ClassVar[dict[str, Any]] = {"numthreads": 1}
    """What goes to the decoder beside the file."""

    @property
    @abstractmethod
    def signal(self) -> Signal:
        """What the samples of its files stand for."""

    @classmethod
    def missing(cls) -> str | None:
        """Return what to install; ``None`` when ``imagecodecs`` has the format."""
        library = _library()
        if library is None:
            return f"the codec {cls.info.name} needs {NEEDS}"
        if not getattr(library, cls.feature).available:
            return (
                f"this build of imagecodecs lacks {cls.feature}, which the codec {cls.info.name} "
                "needs: pip install --force-reinstall imagecodecs brings the complete one"
            )
        return None

    @abstractmethod
    def options(self, samples: Samples) -> dict[str, Any]:
        """Return what goes to the encoder beside the samples."""

    def encode(self, image: Tensor) -> bytes:
        """Return the file of a picture ``(1, C, H, W)``.

        Raises
        ------
        ImageWriteError
            If the encoder refuses it.
        """
        samples = self.signal.write(image)
        try:
            return bytes(self._function("encode")(samples, **self.options(samples)))
        except (RuntimeError, ValueError) as error:
            raise ImageWriteError(f"{self.info.name} cannot hold the picture ({error})") from error

    def decode(self, data: bytes) -> Tensor:
        """Return the picture of a file.

        Raises
        ------
        ImageReadError
            If it cannot be decoded.
        """
        try:
            samples = np.asarray(self._function("decode")(data, **self.decoding))
        except (RuntimeError, ValueError) as error:
            raise ImageReadError(f"corrupt {self.info.name} data ({error})") from error
        return self.signal.read(samples)

    def _function(self, what: str) -> Any:
        lacking = self.missing()
        if lacking is not None:
            raise MissingCodecError(lacking)
        return getattr(_library(), f"{self.feature.lower()}_{what}")
