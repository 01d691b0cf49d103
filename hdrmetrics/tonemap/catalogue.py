"""The list of operators by name."""

from __future__ import annotations

from torch import Tensor

from hdrmetrics.tonemap.color import ColorTreatment
from hdrmetrics.tonemap.encode import DisplayTransfer, to_display
from hdrmetrics.tonemap.operator import OPERATORS, Kind, Operator, OperatorInfo
from hdrmetrics.tonemap.parameter import Value


def operator_info(name: str) -> OperatorInfo:
    """Return the description of the operator called ``name``.

    Raises
    ------
    UnknownNameError
        If there is none.
    """
    return OPERATORS.entry(name).info


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
    return OPERATORS.infos(kind=kind, differentiable=differentiable)


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
    made = {"color": color, "saturation": saturation, **settings}
    return OPERATORS.create(name, made)


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
