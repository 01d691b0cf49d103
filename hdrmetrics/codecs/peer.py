"""The codecs that the optional package imagecodecs implements."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any, ClassVar

import numpy as np

from hdrmetrics.codecs.codec import Codec
from hdrmetrics.codecs.samples import Samples
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

    def peer_encode(self, samples: Samples, **options: Any) -> bytes:
        """Return the file that ``imagecodecs`` makes of an array.

        Raises
        ------
        ImageWriteError
            If the encoder refuses it.
        """
        try:
            return bytes(self._function("encode")(samples, **options))
        except (RuntimeError, ValueError) as error:
            raise ImageWriteError(f"{self.info.name} cannot hold the picture ({error})") from error

    def peer_decode(self, data: bytes, **options: Any) -> Samples:
        """Return the array of a file.

        Raises
        ------
        ImageReadError
            If it cannot be decoded.
        """
        try:
            return np.asarray(self._function("decode")(data, **options))
        except (RuntimeError, ValueError) as error:
            raise ImageReadError(f"corrupt {self.info.name} data ({error})") from error

    def _function(self, what: str) -> Any:
        lacking = self.missing()
        if lacking is not None:
            raise MissingCodecError(lacking)
        return getattr(_library(), f"{self.feature.lower()}_{what}")
