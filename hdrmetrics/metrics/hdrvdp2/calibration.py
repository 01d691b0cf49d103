"""The numbers that HDR-VDP 2.2.0 was calibrated to."""

from __future__ import annotations

from typing import Final

VERSION: Final = "2.2.0"

# Peak contrast sensitivity of Daly's model at 30 cd/m²; a gain on the photoreceptors' response.
DALY_PEAK_CONTRAST: Final = 0.006894596
PEAK_SENSITIVITY: Final = 2.4  # log10

# Optical transfer of the eye: four exponentials of spatial frequency (cpd).
_NARROW, _WIDE = 0.99727370023777070, 0.061466549455263
MTF_WEIGHTS: Final = (
    _NARROW * 0.426,
    _NARROW * 0.574,
    (1 - _NARROW) * _WIDE,
    (1 - _NARROW) * (1 - _WIDE),
)
MTF_DECAYS: Final = (0.028, 0.37, 37.0, 360.0)

# Joint sensitivity of rods and cones, then that of rods, against luminance in cd/m².
JOINT_SENSITIVITY: Final = (30.162, 4.0627, 1.6596, 0.2712)
ROD_SENSITIVITY: Final = (1.1732, 1.1478, 1.2167, 0.5547, 2.9899, 1.1414)

# Neural contrast sensitivity: four parameters of its curve at six adapting luminances, cd/m².
CSF_LUMINANCES: Final = (0.002, 0.02, 0.2, 2.0, 20.0, 150.0)
CSF_PARAMETERS: Final = (
    (0.991265, 3.74038, 0.50722, 4.46044),
    (0.800889, 3.54104, 0.682505, 4.94958),
    (0.476505, 4.37453, 0.750315, 5.28678),
    (0.405782, 4.40602, 0.935314, 5.61425),
    (0.334278, 3.79542, 1.07327, 6.4635),
    (0.394533, 2.7755, 1.16577, 7.45665),
)

# Contrast masking: exponents of excitation and inhibition, gains of the three kinds of masking.
EXCITATION: Final = 10**0.544068
INHIBITION: Final = 10**0.49576
MASK_SELF: Final = 10**0.189065
MASK_ORIENTATION: Final = 10**0.449199
MASK_NEIGHBOUR: Final = 10**1.52512
PSYCHOMETRIC_SLOPE: Final = 3.5

# Quality: weights of spatial frequencies (cpd), then the logistic that leads to opinion scores.
QUALITY_FREQUENCIES: Final = (15.0, 7.5, 3.75, 1.875, 0.9375, 0.4688, 0.2344)
QUALITY_WEIGHTS: Final = (0.2832, 0.2142, 0.2690, 0.0398, 0.0003, 0.0003, 0.0002)
QUALITY_FLOOR: Final = 1e-12
QUALITY_LOGISTIC: Final = (3.455, 0.8886)

# Pixels that differ by less than this part of the reference do not count for quality.
SAME_PIXEL: Final = 0.001
