"""Which fault each distortion of the label tables is, in one place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hdrmetrics.errors import OptionError
from hdrmetrics.learned.faults import FAULTS
from trainers.feeding.labels import Labels

NONE = "none"

FAULT_OF: dict[str, str | None] = {
    **dict.fromkeys(("gaussian_blur", "defocus_blur", "motion_blur", "resampling"), "blur"),
    **dict.fromkeys(("gaussian_noise", "camera_noise", "poisson"), "noise"),
    **dict.fromkeys(
        (
            "avif", "avif-sdr", "htj2k", "jpeg", "jpeg2000", "jpeg2000-sdr", "jpegxl",
            "jpegxl-sdr", "jpegxr", "jpegxt", "jpegxt-a", "jpegxt-b", "jpegxt-c", "ultrahdr",
            "webp", "block_loss",
        ),
        "blocks",
    ),
    **dict.fromkeys(("banding", "quantisation"), "banding"),
    "saturation_clipping": "clipping",
    "grating": "pattern",
    **dict.fromkeys(
        ("colour_cast", "colour_shift", "contrast_change", "exposure_change", "ghosting"), "other"
    ),
    **dict.fromkeys(
        (
            "akyuz07", "huo14", "huophys13", "kovaleski-oliveira14", "kuo12", "landis02", "masia09",
        ),
        "other",
    ),
    "lost place": "blocks",
    "moved place": "other",
    NONE: NONE,
    # Blur, resampling, noise and compression at once: no single name is right.
    "degradation": None,
}  # fmt: skip
"""By distortion; ``None`` for what is left out. Inverse tone mapping gives other light than the
reference, which is a matter of tone. Tables of whole frames say after a comma where damage is."""

_PLACE = "place"

CLEAN = 95.0
"""Opinion score from which the teacher sees nothing: the fault is then ``none``."""


def fault_of(distortion: str) -> str | None:
    """Return the fault of a distortion, wherever in the picture it is; ``None`` if left out."""
    return FAULT_OF.get(distortion.partition(", ")[0])


def is_local(distortion: str) -> bool:
    """Whether only a part of a picture was damaged: parts of its windows may be untouched."""
    return _PLACE in distortion


def fault_numbers(labels: Labels) -> NDArray[np.int64]:
    """Return the place of each item's fault in ``FAULTS``; −1 for those that are left out.

    Raises
    ------
    OptionError
        If the labels are not of HDR-VDP-2, or all distortions are unknown.
    """
    opinion = opinions(labels)
    distortions, number = np.unique(labels["distortion"], return_inverse=True)
    named = [fault_of(str(one)) for one in distortions]
    if not any(named):
        raise OptionError(
            f"{labels.name}: no distortion of this set has the name of a fault; list them in "
            "trainers/faults/classes.py"
        )
    places = np.array([-1 if one is None else FAULTS.index(one) for one in named], dtype=np.int64)
    found = places[number]
    found[opinion >= CLEAN] = FAULTS.index(NONE)
    return found


def opinions(labels: Labels) -> NDArray[np.float64]:
    """Return the teacher's opinion score of each item, 0 to 100.

    Raises
    ------
    OptionError
        If the labels are not of HDR-VDP-2.
    """
    if labels.metadata["target_of"] != "hdrvdp_q":
        raise OptionError(
            f"{labels.name} was labelled with {labels.metadata['target_of']}: faults are learnt "
            "from sets that HDR-VDP-2 labelled"
        )
    quality = labels["quality"].astype(np.float64)
    return 100.0 / (1.0 + np.exp(3.455 * (quality + 0.8886)))


def left_out(labels: Labels) -> list[str]:
    """Return the distortions of a set that have no name."""
    there = (str(one) for one in np.unique(labels["distortion"]))
    return [one for one in there if fault_of(one) is None]
