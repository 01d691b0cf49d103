"""RGB primaries: luminance weights and the matrices between BT.709, BT.2020, Display P3 and XYZ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from hdrmetrics.errors import OptionError, ShapeError, UnknownNameError

if TYPE_CHECKING:
    import torch

Primaries = Literal["bt709", "bt2020", "p3"]
D65 = (0.3127, 0.3290)
CHROMATICITIES: dict[str, tuple[tuple[float, float], ...]] = {
    # red, green, blue, white as CIE 1931 (x, y); ITU-R BT.709-6, BT.2020-2, SMPTE EG 432-1
    "bt709": ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060), D65),
    "bt2020": ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), D65),
    "p3": ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), D65),
}

LUMINANCE_WEIGHTS: dict[str, tuple[float, float, float]] = {
    # BT.709 as the PU21 and HDR-VDP authors write it; the others as in their standards.
    "bt709": (0.212656, 0.715158, 0.072186),
    "bt2020": (0.262700, 0.677998, 0.059302),
    "p3": (0.228975, 0.691739, 0.079287),
}

Matrix = NDArray[np.float64]

_BRADFORD: Matrix = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)


def _white_xyz(white: tuple[float, float]) -> Matrix:
    x, y = white
    return np.array([x / y, 1.0, (1.0 - x - y) / y])


def rgb_to_xyz_matrix(chromaticities: tuple[tuple[float, float], ...]) -> Matrix:
    """Return the 3×3 matrix from linear RGB to CIE XYZ with Y of white equal to 1.

    Parameters
    ----------
    chromaticities
        CIE 1931 ``(x, y)`` of red, green, blue and white.

    Raises
    ------
    OptionError
        If the four points do not span a triangle (as in a corrupt file header).

    References
    ----------
    SMPTE RP 177-1993, Derivation of basic television color equations.
    """
    points = np.asarray(chromaticities, dtype=np.float64)
    if points.shape != (4, 2) or not np.isfinite(points).all() or points[3, 1] <= 1e-6:
        raise OptionError(f"not a set of chromaticities: {chromaticities!r}")
    # (x, y, z), not divided by y: imaginary primaries (XYZ, ACES AP0) have y = 0 or below.
    columns = np.column_stack([points[:3], 1.0 - points[:3].sum(axis=1)]).T
    if abs(np.linalg.det(columns)) < 1e-6:
        raise OptionError(f"the primaries lie on one line: {chromaticities!r}")
    gains = np.linalg.solve(columns, _white_xyz((float(points[3, 0]), float(points[3, 1]))))
    matrix: Matrix = columns * gains
    return matrix


def conversion_matrix(
    source: tuple[tuple[float, float], ...], target: tuple[tuple[float, float], ...]
) -> Matrix:
    """Return the 3×3 matrix from linear RGB of one set of chromaticities to another.

    White points that differ are adapted with the Bradford transform.
    """
    if source == target:
        return np.eye(3)
    to_xyz, from_xyz = rgb_to_xyz_matrix(source), np.linalg.inv(rgb_to_xyz_matrix(target))
    adapt: Matrix = np.eye(3)
    if not np.allclose(source[3], target[3], atol=1e-6):
        cone_source = _BRADFORD @ _white_xyz(source[3])
        cone_target = _BRADFORD @ _white_xyz(target[3])
        gains: Matrix = np.diag(cone_target / cone_source)
        adapt = np.asarray(np.linalg.solve(_BRADFORD, gains @ _BRADFORD), dtype=np.float64)
    matrix: Matrix = from_xyz @ adapt @ to_xyz
    return matrix


def primaries_matrix(source: Primaries | str, target: Primaries | str) -> Matrix:
    """Return the 3×3 matrix between two named sets of primaries (``bt709``, ``bt2020``, ``p3``).

    Raises
    ------
    UnknownNameError
        If a name is not known.
    """
    for name in (source, target):
        if name not in CHROMATICITIES:
            raise UnknownNameError(
                f"unknown primaries {name!r}; known: {', '.join(CHROMATICITIES)}"
            )
    return conversion_matrix(CHROMATICITIES[source], CHROMATICITIES[target])


def apply_matrix(pixels: NDArray[Any], matrix: Matrix) -> NDArray[Any]:
    """Apply a 3×3 matrix to an array ``(H, W, 3)``, keeping its dtype."""
    if pixels.shape[-1] != 3:
        raise ShapeError(f"a colour matrix needs three channels, not {pixels.shape[-1]}")
    out: NDArray[Any] = pixels @ matrix.T.astype(pixels.dtype)
    return out


def convert_primaries(
    image: torch.Tensor, source: Primaries | str, target: Primaries | str
) -> torch.Tensor:
    """Convert a tensor ``(N, 3, H, W)`` of linear RGB from one set of primaries to another.

    Out-of-gamut colours come out negative; nothing is clipped. One channel passes unchanged.
    """
    import torch

    if source == target or image.shape[-3] == 1:
        return image
    matrix = torch.as_tensor(
        primaries_matrix(source, target), dtype=image.dtype, device=image.device
    )
    return torch.einsum("ij,...jhw->...ihw", matrix, image)


def luminance(image: torch.Tensor, primaries: Primaries | str = "bt709") -> torch.Tensor:
    """Return the luminance ``(N, 1, H, W)`` of linear RGB ``(N, 3, H, W)``; one channel passes.

    Units are those of the input (cd/m² in, cd/m² out).

    Raises
    ------
    ShapeError
        If there are neither one nor three channels.
    """
    if image.shape[-3] == 1:
        return image
    if image.shape[-3] != 3:
        raise ShapeError(f"luminance needs one or three channels, not {image.shape[-3]}")
    red, green, blue = LUMINANCE_WEIGHTS[primaries]
    r, g, b = image.unbind(-3)
    return (r * red + g * green + b * blue).unsqueeze(-3)
