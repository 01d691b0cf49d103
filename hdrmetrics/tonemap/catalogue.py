"""The list of operators by name."""

from __future__ import annotations

from torch import Tensor

from hdrmetrics.catalogue.names import look_up
from hdrmetrics.tonemap.ashikhmin02 import Ashikhmin02
from hdrmetrics.tonemap.chiu93 import Chiu93
from hdrmetrics.tonemap.color import ColorTreatment
from hdrmetrics.tonemap.drago03 import Drago03
from hdrmetrics.tonemap.durand02 import Durand02, Durand02Exact
from hdrmetrics.tonemap.elementary import Exponential, Gamma, Logarithmic, Normalize
from hdrmetrics.tonemap.encode import DisplayTransfer, to_display
from hdrmetrics.tonemap.ferwerda96 import Ferwerda96
from hdrmetrics.tonemap.kim_kautz08 import KimKautz08
from hdrmetrics.tonemap.kuang07 import Kuang07
from hdrmetrics.tonemap.mertens07 import Mertens07
from hdrmetrics.tonemap.operator import Kind, Operator, OperatorInfo
from hdrmetrics.tonemap.parameter import Value
from hdrmetrics.tonemap.pattanaik00 import Pattanaik00
from hdrmetrics.tonemap.raman09 import Raman09
from hdrmetrics.tonemap.reinhard02 import Reinhard02, ReinhardFree, ReinhardRobust
from hdrmetrics.tonemap.reinhard02_local import Reinhard02Bilateral, Reinhard02Local
from hdrmetrics.tonemap.reinhard_devlin05 import ReinhardDevlin05
from hdrmetrics.tonemap.schlick94 import Schlick94
from hdrmetrics.tonemap.tumblin99 import Tumblin99
from hdrmetrics.tonemap.van_hateren06 import VanHateren06
from hdrmetrics.tonemap.ward94 import Ward94
from hdrmetrics.tonemap.ward_histogram97 import WardHistogram97

_CLASSES: tuple[type[Operator], ...] = (
    Ashikhmin02, Chiu93, Drago03, Durand02, Durand02Exact, Exponential, Ferwerda96, Gamma,
    KimKautz08, Kuang07, Logarithmic, Mertens07, Normalize, Pattanaik00, Raman09, Reinhard02,
    Reinhard02Bilateral, Reinhard02Local, ReinhardDevlin05, ReinhardFree, ReinhardRobust,
    Schlick94, Tumblin99, VanHateren06, Ward94, WardHistogram97,
)  # fmt: skip
_OPERATORS = {one.info.name: one for one in _CLASSES}


def _lookup(name: str) -> type[Operator]:
    return look_up("tone-mapping operator", name, _OPERATORS)


def operator_info(name: str) -> OperatorInfo:
    """Return the description of the operator called ``name``.

    Raises
    ------
    UnknownNameError
        If there is none.
    """
    return _lookup(name).info


def list_operators(
    *, kind: Kind | None = None, differentiable: bool | None = None
) -> list[OperatorInfo]:
    """Return the descriptions of all operators, sorted by name, or of those that match.

    Parameters
    ----------
    kind
        Keep operators with one curve (``"global"``), with a view of each pixel's surroundings
        (``"local"``), or with a curve from the histogram (``"histogram"``).
    differentiable
        Keep operators with (True) or without (False) gradients.
    """
    infos = sorted((one.info for one in _OPERATORS.values()), key=lambda info: info.name)
    return [
        info
        for info in infos
        if (kind is None or info.kind == kind)
        and (differentiable is None or info.differentiable == differentiable)
    ]


def create_operator(
    name: str,
    *,
    color: ColorTreatment | None = None,
    saturation: Value = 1.0,
    **settings: Value | None,
) -> Operator:
    """Return a tone-mapping operator, called as ``operator(image)``.

    Parameters
    ----------
    name
        One of :func:`list_operators`.
    color, saturation
        The colour treatment; see :class:`~hdrmetrics.tonemap.operator.Operator`.
    settings
        The operator's parameters: numbers, or tensors (which may require a gradient) with one
        value or one per image.

    Raises
    ------
    UnknownNameError
        If there is no such operator.
    OptionError
        If a setting is unknown or out of bounds.

    Examples
    --------
    >>> import torch
    >>> operator = create_operator("drago03", bias=0.8)
    >>> operator(torch.full((1, 3, 4, 4), 250.0)).shape
    torch.Size([1, 3, 4, 4])
    """
    return _lookup(name)(color=color, saturation=saturation, **settings)


def tonemap(
    image: Tensor,
    name: str = "reinhard02",
    *,
    color: ColorTreatment | None = None,
    saturation: Value = 1.0,
    transfer: DisplayTransfer = "srgb",
    **settings: Value | None,
) -> Tensor:
    """Tone-map an HDR picture for a display: an operator, then clipping and encoding.

    Parameters
    ----------
    image
        ``(N, C, H, W)``, C = 1 or 3, linear BT.709 in cd/m², not negative.
    name, color, saturation, settings
        As for :func:`create_operator`.
    transfer
        As for :func:`~hdrmetrics.tonemap.to_display`; operators whose values are code values
        already are only clipped.

    Returns
    -------
    Tensor
        ``(N, C, H, W)``, code values in [0, 1].

    Raises
    ------
    UnknownNameError, OptionError, ShapeError, PixelValueError
        As :func:`create_operator` and the operator itself.

    Examples
    --------
    >>> import torch
    >>> code = tonemap(torch.tensor([[0.0, 1.0, 1000.0]]), "logarithmic")
    >>> [round(float(v), 2) for v in code.flatten()]
    [0.0, 0.35, 1.0]
    """
    operator = create_operator(name, color=color, saturation=saturation, **settings)
    return to_display(operator(image), transfer=transfer, encoded=operator.info.encoded)
