"""The codec ``gainmap``: a tone-mapped JPEG of one's own choice with a gain map."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from torch import Tensor

from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.codecs.backward import BackwardCompatible, base_parameters, operator_codes
from hdrmetrics.codecs.codec import CODECS, CodecInfo, span
from hdrmetrics.codecs.gainmap import metadata
from hdrmetrics.codecs.gainmap.container import check_sides, join, split
from hdrmetrics.codecs.gainmap.ratio import Plane, as_samples, enlarged, reduced, stops_between
from hdrmetrics.codecs.jpegxt.jpeg import SUBSAMPLINGS, JpegCoder, Samples, quality_tables
from hdrmetrics.codecs.samples import from_codes, to_tensor
from hdrmetrics.codecs.ultrahdr import WHITE
from hdrmetrics.errors import ImageReadError
from hdrmetrics.io.formats.jpeg.markers import parse
from hdrmetrics.io.limits import DEFAULT_MAX_PIXELS, check_size
from hdrmetrics.photometry.transfer import PQ_PEAK

# At equal steps of the mean Q of HDR-VDP-2, six scenes, as in results/codecs.
_LADDER = (100, 91, 72, 43, 23, 13, 8, 5)


@CODECS.add
class GainMap(BackwardCompatible):
    """Ultra HDR with a base picture of one's own: a JPEG, and a JPEG of what it lacks, in stops.

    Where the codec ``ultrahdr`` lets the library tone-map, this one takes any operator of the
    package with its settings. Files are those of ISO 21496-1 in Multi-Picture Format: what reads
    Ultra HDR reads them, ``hdrmetrics.read_image`` and libultrahdr among them, and other readers
    show the base picture. The gain map is worked out from the base picture as decoded ("closed
    loop"), has a range of its own for each channel, and is applied at full strength; 1.0 stands
    for 203 cd/m² (BT.2408). Pictures have 8 to 8192 pixels a side; grey ones have a base of three
    equal channels and a gain map of one.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.codecs import create_codec
    >>> codec = create_codec("gainmap", base="reinhard_free", base_settings={"alpha": 0.3})
    >>> coded = codec(torch.full((1, 3, 64, 64), 100.0))
    >>> bool((coded.image - 100.0).abs().max() < 5.0)
    True
    """

    info = CodecInfo(
        name="gainmap",
        title="JPEG with a gain map, base picture of one's own",
        domain="hdr",
        parameters=(
            Parameter(
                "quality", 90, (1, 100), "", "JPEG quality of the base picture", "integer",
                search=span(_LADDER),
            ),
            Parameter(
                "map_quality", None, (1, 100), "", "JPEG quality of the gain map", "integer",
                search=span(_LADDER), automatic="that of the base picture",
            ),
            *base_parameters("reinhard02"),
            Parameter(
                "scale", 1, (1, 16), "", "how much smaller a gain map than the picture", "integer"
            ),
            Parameter(
                "subsampling", "4:4:4", None, "", "chroma of both pictures", "choice",
                choices=SUBSAMPLINGS,
            ),
        ),
        needs="",
        citation="ISO 21496-1:2025; Android, Ultra HDR Image Format v1.1",
        coding="base sRGB, 8 bit, YCbCr with the BT.601 matrix; gain map in BT.709, 8 bit",
        peak=PQ_PEAK,
        ladder=_LADDER,
    )  # fmt: skip
    second = "map_quality"
    coder: ClassVar[JpegCoder] = JpegCoder()

    def check_sides(self, height: int, width: int) -> None:
        """Refuse sides under 8 and over 8192 pixels.

        Raises
        ------
        ShapeError
            For those.
        """
        check_sides(height, width)

    def tone(self, image: Tensor) -> Samples:
        """Return the codes of the base picture."""
        return operator_codes(_light(image), self.settings["base"], self.settings["base_settings"])

    def encode_with(self, image: Tensor, codes: Samples) -> bytes:
        """Return the file of light ``(1, C, H, W)`` in cd/m²."""
        light, chosen = _light(image), self.settings
        height, width, channels = light.shape
        three = np.ascontiguousarray(np.broadcast_to(codes, (height, width, 3)))
        base = self.coder.encode(
            three, quality_tables(chosen["quality"]), planes="rgb",
            subsampling=chosen["subsampling"],
        )  # fmt: skip
        shown = self.coder.decode(base, (height, width, 3), planes="rgb")[..., :channels]
        stops = stops_between(shown, np.divide(light, WHITE, dtype=np.float32))
        gain, samples = as_samples(reduced(stops, chosen["scale"]))
        finer = chosen["quality"] if chosen["map_quality"] is None else chosen["map_quality"]
        plane = samples if channels == 3 else samples[..., 0]
        gain_map = self.coder.encode(
            plane, quality_tables(finer), planes="rgb", subsampling=chosen["subsampling"]
        )
        return join(base, gain_map, metadata.pack(gain))

    def decode(self, data: bytes) -> Tensor:
        """Return the light ``(1, C, H, W)`` of a file in cd/m², float32, C = 1 if the map is grey.

        Raises
        ------
        ImageReadError
            If it is damaged, or has a gain map of another kind than this codec writes.
        """
        parts = split(data)
        gain = metadata.unpack(parts.block)
        base = self._read(parts.base, 3)
        channels = len(gain.low)
        samples = self._read(parts.gain_map, channels)
        if samples.shape[0] > base.shape[0] or samples.shape[1] > base.shape[1]:
            raise ImageReadError("corrupt: the gain map is larger than the picture")
        placed = enlarged(samples, *base.shape[:2])
        return to_tensor(gain.apply(base[..., :channels], placed)) * WHITE

    def base_picture(self, data: bytes) -> Tensor:
        """Return what ordinary readers show, ``(1, C, H, W)`` in [0, 1].

        Raises
        ------
        ImageReadError
            If the file is damaged, or has no gain map that this codec writes.
        """
        parts = split(data)
        channels = len(metadata.unpack(parts.block).low)
        return from_codes(self._read(parts.base, 3)[..., :channels], 8)

    def _read(self, picture: bytes, channels: int) -> Samples:
        found = parse(picture)
        check_size(found.width, found.height, DEFAULT_MAX_PIXELS)
        shape = (found.height, found.width)
        whole = shape if channels == 1 else (*shape, 3)
        return self.coder.decode(picture, whole, planes="rgb").reshape(*shape, channels)


def _light(image: Tensor) -> Plane:
    return np.ascontiguousarray(np.moveaxis(image[0].numpy(), 0, 2))
