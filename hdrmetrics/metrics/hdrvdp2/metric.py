"""HDR-VDP-2 as a metric of the package."""

from __future__ import annotations

import dataclasses
import warnings
from typing import Any, Literal, get_args

import torch
from torch import Tensor

from hdrmetrics.catalogue.metrics import METRICS
from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.errors import CalibrationWarning, DomainError, OptionError
from hdrmetrics.metric import Metric, MetricInfo, PreparedMetric
from hdrmetrics.metrics.hdrvdp2.bounded import bounded_quality, fits
from hdrmetrics.metrics.hdrvdp2.calibration import PEAK_SENSITIVITY, VERSION
from hdrmetrics.metrics.hdrvdp2.masking import Strips, masked_differences
from hdrmetrics.metrics.hdrvdp2.options import CHANNELS, IMAGE_MEAN, HDRVDP2Options
from hdrmetrics.metrics.hdrvdp2.pathway import Percept, band_frequencies, perceive
from hdrmetrics.metrics.hdrvdp2.quality import changed_pixels, opinion_score, quality
from hdrmetrics.metrics.hdrvdp2.result import HDRVDP2Result
from hdrmetrics.metrics.hdrvdp2.spectral import (
    DisplayMatrix,
    DisplayName,
    Encoding,
    default_display,
)
from hdrmetrics.metrics.hdrvdp2.tiles import tiles
from hdrmetrics.metrics.hdrvdp2.visibility import (
    contrast_map,
    detection_probability,
    pooled_contrast,
)
from hdrmetrics.numerics.pyramid import MINIMUM_SIZE
from hdrmetrics.numerics.recording import visible
from hdrmetrics.picture.pixels import check_mask, check_pair

INFO = MetricInfo(
    name="hdrvdp2",
    title="HDR-VDP-2.2: visible differences and quality",
    domain="hdr",
    reference=True,
    higher_is_better=True,
    range=(0.0, 100.0),
    unit="",
    differentiable=True,
    map_kind="probability",
    minimum_size=MINIMUM_SIZE,
    citation="Mantiuk et al., HDR-VDP-2, SIGGRAPH 2011; Narwaria et al., HDR-VDP-2.2, JEI 2015",
    version=f"{VERSION}+1",
)
_DTYPES = {"float32": torch.float32, "float64": torch.float64}
_DISPLAY_ENCODINGS = ("luma-display", "srgb-display")
_FLAGS = {
    "do_mtf": "the eye's optics take",
    "do_masking": "contrast masking takes",
    "do_spatial_pooling": "pooling of the visibility map takes",
}
_PARAMETERS = (
    Parameter("ppd", 30.0, (1e-3, 1e6), "pixels per degree", "of visual angle"),
    Parameter(
        "encoding", None, None, "", "what the channels are", "choice", tuple(CHANNELS),
        automatic="luminance for one channel, rgb-bt.709 for three",
    ),
    Parameter(
        "rgb_display", None, None, "", "emission spectra of the channels (or a matrix, in Python)",
        "choice", get_args(DisplayName), automatic="d65 for one channel, ccfl-lcd for three",
    ),
    Parameter(
        "surround_luminance", 1e-5, (IMAGE_MEAN, 1e9), "cd/m²",
        "outside the image; -1 for the reference's geometric mean",
    ),
    Parameter(
        "peak_sensitivity", PEAK_SENSITIVITY, (-10.0, 10.0), "",
        "log10 of the observer's peak contrast sensitivity",
    ),
    *(
        Parameter(name, True, None, "", f"whether {what} part", "flag")
        for name, what in _FLAGS.items()
    ),
    Parameter(
        "tile_size", None, (float(MINIMUM_SIZE), 1e6), "px", "the mean Q over tiles of this side",
        "integer", automatic="no tiles",
    ),
    Parameter(
        "window", None, (float(MINIMUM_SIZE), 1e6), "px",
        "the Q of a square of this side with as much visible difference per pixel", "integer",
        automatic="the picture's own size",
    ),
    Parameter("bounded", False, None, "", "work in tiles, in bounded memory", "flag"),
    Parameter(
        "loss", "quality", None, "", "what as_loss minimises", "choice", ("quality", "visibility")
    ),
    Parameter(
        "precision", None, None, "", "of the computation", "choice", tuple(_DTYPES),
        automatic="that of the test image",
    ),
)  # fmt: skip


@METRICS.add
class HDRVDP2(Metric):
    """HDR-VDP-2.2.0: ``metric(test, reference)`` is the predicted opinion score Q_MOS, 0 to 100.

    One channel is luminance, three are linear BT.709 RGB, both in cd/m², unless ``encoding`` says
    otherwise. Values are comparable at equal image size and ``ppd`` only; ``window`` removes the
    dependence on size.

    Parameters
    ----------
    ppd
        Pixels per degree of visual angle.
    encoding
        ``luminance``, ``luma-display``, ``srgb-display``, ``rgb-bt.709`` or ``xyz``; ``None``
        decides by the number of channels.
    rgb_display
        Emission spectra: ``crt``, ``ccfl-lcd`` (default for three channels), ``led-lcd``, ``d65``
        (default for one) or a matrix, one row (L, M, S cones, rods) per channel.
    surround_luminance
        cd/m² outside the image; −1 for the reference's geometric mean, per channel.
    peak_sensitivity
        log10 of the observer's peak contrast sensitivity.
    do_mtf, do_masking, do_spatial_pooling
        Switches for the eye's optics, contrast masking, and pooling of the visibility map.
    tile_size
        Side in pixels: the value is then that of the mean Q over tiles of this size, which can be
        compared across image sizes. It hides local damage: Q is a logarithm, and its mean over
        tiles lets one identical tile outweigh a ruined one. ``window`` does not. No map in this
        case.
    window
        Side in pixels: the value is then that of a square picture of this side with as much visible
        difference per pixel in each band, which can be compared across image sizes (256 at 30 ppd
        is the size to quote). A picture and its mosaics score alike, and the worst place decides as
        it does in the picture.
    bounded
        Work through pictures in tiles, in memory that hardly grows with them: bands, their number
        and what adds up in them are those of the whole picture. For values only: a gradient needs
        all tiles at once.
    loss
        What :meth:`as_loss` minimises: ``quality`` is Q above that of identical images,
        ``visibility`` the logarithm of one plus the pooled contrast.
    precision
        ``float32`` or ``float64``; ``None`` computes in the precision of the test image.

    Raises
    ------
    OptionError
        If an option is out of range.
    UnknownNameError
        If no display has the name given.

    References
    ----------
    R. Mantiuk, K. J. Kim, A. G. Rempel, W. Heidrich, "HDR-VDP-2: a calibrated visual metric for
    visibility and quality predictions in all luminance conditions", SIGGRAPH 2011.
    M. Narwaria, R. K. Mantiuk, M. P. Da Silva, P. Le Callet, "HDR-VDP-2.2: a calibrated method
    for objective quality prediction of high-dynamic range and standard images", JEI 2015.
    """

    info = INFO
    option_parameters = _PARAMETERS

    def __init__(
        self,
        *,
        ppd: float = 30.0,
        encoding: Encoding | None = None,
        rgb_display: DisplayName | DisplayMatrix | None = None,
        surround_luminance: float = 1e-5,
        peak_sensitivity: float = PEAK_SENSITIVITY,
        do_mtf: bool = True,
        do_masking: bool = True,
        do_spatial_pooling: bool = True,
        tile_size: int | None = None,
        window: int | None = None,
        bounded: bool = False,
        loss: Literal["quality", "visibility"] = "quality",
        precision: Literal["float32", "float64"] | None = None,
    ) -> None:
        super().__init__()
        if tile_size is not None and tile_size < MINIMUM_SIZE:
            raise OptionError(f"tile_size must be at least {MINIMUM_SIZE}, not {tile_size}")
        if window is not None and window < MINIMUM_SIZE:
            raise OptionError(f"window must be at least {MINIMUM_SIZE}, not {window}")
        if tile_size is not None and (window is not None or bounded):
            raise OptionError("tile_size goes with neither window nor bounded; drop one option")
        if loss not in ("quality", "visibility"):
            raise OptionError(f"the loss is 'quality' or 'visibility', not {loss!r}")
        if loss == "visibility" and tile_size is not None:
            raise OptionError("tiles have a quality but no common visibility; drop one option")
        if precision is not None and precision not in _DTYPES:
            raise OptionError(f"precision is 'float32' or 'float64', not {precision!r}")
        self.options = HDRVDP2Options(
            ppd=float(ppd),
            encoding=encoding,
            rgb_display=rgb_display,
            surround_luminance=surround_luminance,
            peak_sensitivity=peak_sensitivity,
            do_mtf=do_mtf,
            do_masking=do_masking,
            do_spatial_pooling=do_spatial_pooling,
        )
        if encoding == "xyz":
            self.color_space = "xyz"
        self.tile_size = tile_size
        self.window = window
        self.bounded = bounded
        self.loss = loss
        self.precision = precision
        self.info = dataclasses.replace(
            INFO,
            domain="sdr" if encoding in _DISPLAY_ENCODINGS else "hdr",
            map_kind="probability" if tile_size is None else None,
        )

    def settings(self) -> dict[str, Any]:
        """Return all options."""
        own = self.options.to_dict()
        return {one.name: own.get(one.name, getattr(self, one.name, None)) for one in _PARAMETERS}

    def conditions(self, reference: Tensor | None = None) -> dict[str, Any]:
        """Return version, viewing conditions and switches.

        Encoding and display, where they are left to the number of channels, are named if a
        reference tells that number.
        """
        options = self.options.to_dict()
        if reference is not None:
            options["encoding"] = self.options.encoding_of(reference.shape[-3])
            if options["rgb_display"] is None:
                options["rgb_display"] = default_display(reference.shape[-3])
        return {
            "hdrvdp_version": VERSION,
            **options,
            "tile_size": self.tile_size,
            "window": self.window,
            "bounded": self.bounded or None,  # as where there was no such option
            "precision": self.precision,
        }

    # -- what users call beyond the common interface -----------------------------------------

    def predict(self, test: Tensor, reference: Tensor | PreparedMetric) -> HDRVDP2Result:
        """Return every output of HDR-VDP-2.

        Parameters
        ----------
        test
            ``(N, C, H, W)``.
        reference
            The same shape (or a batch of one), or what :meth:`prepare` made of it.

        Raises
        ------
        ShapeError, PixelValueError, DomainError
            As when the metric is called.
        OptionError
            If the metric works on tiles: the maps of tiles make no map of the image.
        """
        if self.tile_size is not None:
            raise OptionError("predict() looks at whole images; make a metric without tile_size")
        batch, features = self._pair(test, reference)
        with torch.autocast(batch.device.type, enabled=False):
            meant = self._percept(features)
            seen = perceive(self._cast(batch), self.options, meant)
            differences = masked_differences(seen, meant, self.options)
            q = self._quality(differences, seen, meant, None)
            c_map = contrast_map(differences, self.options.do_spatial_pooling)
        p_map = detection_probability(c_map)
        return HDRVDP2Result(
            q=q,
            q_mos=opinion_score(q),
            p_map=p_map,
            p_det=p_map.amax(dim=(1, 2, 3)),
            c_map=c_map,
            c_max=c_map.amax(dim=(1, 2, 3)),
            version=VERSION,
            conditions=self.conditions(),
        )

    def q(
        self,
        test: Tensor,
        reference: Tensor | PreparedMetric,
        *,
        mask: Tensor | None = None,
    ) -> Tensor:
        """Return the quality correlate Q, ``(N,)``: higher is worse, and it does not saturate.

        Parameters
        ----------
        test, reference
            As for :meth:`predict`.
        mask
            As when the metric is called.
        """
        batch, features = self._pair(test, reference)
        with torch.autocast(batch.device.type, enabled=False):
            return self._mean_q(batch, features, check_mask(mask, batch))

    # -- the common interface ----------------------------------------------------------------

    def features(self, reference: Tensor) -> list[Percept] | list[Tensor]:
        """Return the percepts of the reference: of the whole image, or of each tile.

        Where memory is bounded it is the reference itself.
        """
        if self._in_tiles(reference):
            return [self._cast(reference)]
        return [perceive(part, self.options) for part in self._parts(self._cast(reference))]

    def compare(self, test: Tensor, features: Any, mask: Tensor | None) -> Tensor:
        """Return Q_MOS."""
        return opinion_score(self._mean_q(test, features, mask))

    def compare_map(self, test: Tensor, features: Any) -> Tensor:
        """Return the probability of detection per pixel."""
        return detection_probability(
            contrast_map(self._differences(test, features), self.options.do_spatial_pooling)
        )

    def compare_loss(self, test: Tensor, features: Any, mask: Tensor | None) -> Tensor:
        """Return Q above that of identical images, or the logarithm of one plus the contrast."""
        if self.loss == "quality":
            return self._mean_q(test, features, mask, above_floor=True)
        if mask is not None:
            raise OptionError("the loss 'visibility' is that of the whole image: it takes no mask")
        contrast = contrast_map(self._differences(test, features), pooling=False)
        return torch.log1p(pooled_contrast(contrast, self.options.do_spatial_pooling))

    def check(self, image: Tensor, role: Literal["test", "reference"]) -> Tensor:
        """Return ``image`` as a float batch, or raise what is wrong with it."""
        encoding = self.options.encoding
        seen = visible(image) if isinstance(image, Tensor) and image.numel() else None
        if encoding in _DISPLAY_ENCODINGS and seen is not None:
            low, high = (float(v) for v in torch.aminmax(seen))
            if low < -1e-3 or high > self._domain_limit:
                raise DomainError(
                    f"the encoding {encoding!r} takes code values in [0, 1]; the {role} image "
                    f"spans {low:.4g} to {high:.4g}. Divide 8-bit values by 255; for light in "
                    "cd/m² use encoding='luminance' or 'rgb-bt.709'"
                )
        batch = super().check(image, role)
        absolute = self.options.encoding_of(batch.shape[1]) not in _DISPLAY_ENCODINGS
        if role == "reference" and absolute and seen is not None:
            peak = float(seen.amax())
            if 0 < peak <= 1:
                warnings.warn(
                    f"the reference reaches {peak:.3g} cd/m² only: hdrvdp2 takes absolute light; "
                    "scale the images, or name a display encoding",
                    CalibrationWarning,
                    stacklevel=3,
                )
        return batch

    # -- parts -------------------------------------------------------------------------------

    def _pair(self, test: Tensor, reference: Tensor | PreparedMetric) -> tuple[Tensor, Any]:
        batch = self.check(test, "test")
        if isinstance(reference, PreparedMetric):
            if reference.metric is not self:
                raise OptionError("this reference was prepared by another metric")
            check_pair(batch.shape, reference.shape)
            return batch, reference.features
        other = self.check(reference, "reference")
        check_pair(batch.shape, other.shape)
        with torch.autocast(batch.device.type, enabled=False):
            return batch, self.features(other.to(batch.dtype))

    def _cast(self, image: Tensor) -> Tensor:
        return image if self.precision is None else image.to(_DTYPES[self.precision])

    def _parts(self, image: Tensor) -> list[Tensor]:
        return [image] if self.tile_size is None else list(tiles(image, self.tile_size))

    def _differences(self, test: Tensor, features: Any) -> list[Strips]:
        image, meant = self._cast(test), self._percept(features)
        return masked_differences(perceive(image, self.options, meant), meant, self.options)

    def _percept(self, features: Any) -> Percept:
        """Return the percept of the whole reference: maps need it, whatever memory it takes."""
        kept = features[0]
        return perceive(kept, self.options) if isinstance(kept, Tensor) else kept

    def _in_tiles(self, image: Tensor) -> bool:
        return self.bounded and fits(image.shape[-2], image.shape[-1])

    def _mean_q(
        self, test: Tensor, features: Any, mask: Tensor | None, *, above_floor: bool = False
    ) -> Tensor:
        if self._in_tiles(test):
            return bounded_quality(
                self._cast(test), features[0], self.options, mask,
                window=self.window, above_floor=above_floor,
            )  # fmt: skip
        parts = self._parts(self._cast(test))
        masks = [None] * len(parts) if mask is None else self._parts(mask.to(parts[0].dtype))
        values, weights = [], []
        for part, reference, part_mask in zip(parts, features, masks, strict=True):
            seen = perceive(part, self.options, reference)
            differences = masked_differences(seen, reference, self.options)
            values.append(self._quality(differences, seen, reference, part_mask, above_floor))
            weights.append(
                torch.ones_like(values[-1]) if part_mask is None else part_mask.mean(dim=(1, 2, 3))
            )
        weight = torch.stack(weights)
        # Tiles that the mask leaves empty have no quality, which is not the floor of Q.
        return (torch.stack(values) * weight).sum(dim=0) / weight.sum(dim=0)

    def _quality(
        self,
        differences: list[Strips],
        seen: Percept,
        reference: Percept,
        mask: Tensor | None,
        above_floor: bool = False,
    ) -> Tensor:
        frequencies = band_frequencies(self.options.ppd, len(differences))
        changed = changed_pixels(seen.light, reference.light)
        return quality(
            differences, frequencies, changed, mask, window=self.window, above_floor=above_floor
        )
