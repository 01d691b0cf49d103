"""JPEG XT, profile C, through the program of its reference software."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import ClassVar

from torch import Tensor

from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.codecs import program
from hdrmetrics.codecs.codec import CODECS, Codec, CodecInfo, span
from hdrmetrics.codecs.samples import to_samples, to_tensor
from hdrmetrics.errors import HdrMetricsError, ImageReadError, ImageWriteError, MissingCodecError
from hdrmetrics.io.formats import pfm
from hdrmetrics.io.limits import DEFAULT_MAX_PIXELS
from hdrmetrics.io.source import Source

_PROGRAM = "jpeg"
_SUBSAMPLING = {"4:4:4": "1x1,1x1,1x1", "4:2:0": "1x1,2x2,2x2"}
_LADDER = (93, 88, 76, 53, 27, 13, 6, 3)
_FAILURE = "failed - error"
"""What the program writes to its standard error when something went wrong."""


@CODECS.add
class JpegXt(Codec):
    """JPEG XT profile C by the reference software.

    A JPEG picture goes through a global inverse tone map, and a residual is added to it in the
    domain of half floats' bit patterns.

    The program ``jpeg`` is looked up in ``PATH`` for every picture, and works in a temporary folder
    that is removed afterwards. The base picture is the program's own global tone mapping. The file
    is what ``jpeg -r -q QUALITY -Q RESIDUAL -h -profile c -rR 4`` writes; light is in cd/m², grey
    pictures have one component. At quality 100 only what half floats lose is lost.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.codecs import create_codec
    >>> coded = create_codec("jpegxt")(torch.full((1, 3, 64, 64), 100.0))  # doctest: +SKIP
    >>> bool((coded.image - 100.0).abs().max() < 5.0)  # doctest: +SKIP
    True
    """

    info = CodecInfo(
        name="jpegxt",
        title="JPEG XT, profile C",
        domain="hdr",
        parameters=(
            Parameter(
                "quality", 85, (1, 100), "", "of the base picture; 100 best", "integer",
                search=span(_LADDER),
            ),
            Parameter(
                "residual_quality", None, (1, 100), "", "of the residual; 100 best", "integer",
                automatic="that of the base picture",
            ),
            Parameter(
                "subsampling", "4:4:4", None, "", "resolution of the base's colour differences",
                "choice", tuple(_SUBSAMPLING),
            ),
        ),
        needs="the program jpeg: Debian package libjpeg-tools",
        citation="ISO/IEC 18477-7:2017",
        coding="BT.709 primaries, half float; YCbCr with the BT.601 matrix",
        peak=65504.0,
        ladder=_LADDER,
    )  # fmt: skip
    time_limit: ClassVar[float] = 120.0
    """Seconds that each of the two runs of the program may take."""

    @classmethod
    def missing(cls) -> str | None:
        """Return what to install; ``None`` when the program is found."""
        if shutil.which(_PROGRAM) is None:
            return (
                "the codec jpegxt needs the program jpeg of the JPEG XT reference software: "
                "on Debian and Ubuntu, apt install libjpeg-tools"
            )
        return None

    def encode(self, image: Tensor) -> bytes:
        """Return the JPEG XT file of light ``(1, C, H, W)`` in cd/m².

        Raises
        ------
        ImageWriteError
            If the program fails, ends without a file, or does not end in time.
        """
        quality, residual = self.settings["quality"], self.settings["residual_quality"]
        samples = to_samples(image)
        options = [
            "-r", "-h", "-profile", "c", "-rR", "4",
            "-q", str(quality),
            "-Q", str(quality if residual is None else residual),
        ]  # fmt: skip
        if samples.ndim == 3:
            options += ["-s", _SUBSAMPLING[self.settings["subsampling"]]]
        planes = samples if samples.ndim == 3 else samples[..., None]
        # The program takes a PFM's rows from the top down, against the format's rule: without
        # turning, the JPEG would be upside down.
        turned = pfm.write(planes[::-1])
        return self._convert(turned, "in.pfm", "out.jpg", options, ImageWriteError)

    def decode(self, data: bytes) -> Tensor:
        """Return the light of a file in cd/m²; black can come out a little negative.

        Raises
        ------
        ImageReadError
            If the program fails, writes no picture, or does not end in time.
        """
        picture = self._convert(data, "in.jpg", "out.pfm", [], ImageReadError)
        turned = pfm.read(Source("out.pfm", picture, DEFAULT_MAX_PIXELS)).pixels
        return to_tensor(turned[::-1])

    def _convert(
        self,
        data: bytes,
        source: str,
        target: str,
        options: list[str],
        failure: type[HdrMetricsError],
    ) -> bytes:
        path = shutil.which(_PROGRAM)
        if path is None:
            raise MissingCodecError(self.missing() or "")
        with tempfile.TemporaryDirectory(prefix="hdrmetrics-jpegxt-") as name:
            folder = Path(name)
            (folder / source).write_bytes(data)
            try:
                # Absolute, as the program runs in another folder than the one PATH starts from.
                command = [str(Path(path).absolute()), *options, source, target]
                problem, complaints = program.run(command, folder, self.time_limit)
            except OSError as error:
                raise failure(f"the program jpeg could not be started ({error})") from error
            if problem is None and _FAILURE in complaints:
                problem = "failed"  # it returns 0 then, too
            if problem is None and not (folder / target).is_file():
                problem = "wrote no file"
            if problem is not None:
                last = complaints.rpartition("\n")[2]
                raise failure(f"the program jpeg {problem}" + (f": {last}" if last else ""))
            return (folder / target).read_bytes()
