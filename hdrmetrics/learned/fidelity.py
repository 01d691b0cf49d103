"""TMQI's quality of a picture from what a head says of the structural fidelity of its windows."""

from __future__ import annotations

from torch import Tensor

from hdrmetrics.metrics.tmqi.naturalness import naturalness_of_codes
from hdrmetrics.metrics.tmqi.quality import NATURALNESS_POWER, loss_of_parts


def natural_look(test: Tensor, mask: Tensor | None = None) -> Tensor:
    """Return TMQI's term of naturalness of tone-mapped pictures, ``(N,)``, float64.

    It asks how usual brightness and contrast of the whole picture are in photographs: that needs
    neither a reference nor a network, and is no mean of what it is in windows.

    Parameters
    ----------
    test
        ``(N, C, H, W)``, display-encoded in [0, 1].
    mask
        Weights ``(N, 1, H, W)`` in [0, 1].

    References
    ----------
    H. Yeganeh and Z. Wang, "Objective quality assessment of tone-mapped images", IEEE Trans.
    Image Processing 22(2), 2013.
    """
    return naturalness_of_codes(test, mask).value(NATURALNESS_POWER)


def mean_fidelity(fidelity: Tensor, weight: Tensor) -> Tensor:
    """Return the fidelity of pictures ``(N,)`` from that of their windows ``(N, K)``.

    TMQI averages the local fidelity of a scale over the picture and multiplies the means of five
    scales. The mean of the windows' products comes to the same to rank correlations over .998
    (pictures of 26 operators), and so do means of their powers.
    """
    return (fidelity * weight).sum(dim=1) / weight.sum(dim=1)


def fidelity_loss(fidelity: Tensor, weight: Tensor, look: Tensor) -> Tensor:
    """Return one minus TMQI's Q, ``(N,)``, of windows' fidelity and the pictures' naturalness.

    The fidelity may lie beyond the range of labels, so that the loss has a slope there too.
    """
    return loss_of_parts(mean_fidelity(fidelity.clamp_max(1.0), weight), look)
