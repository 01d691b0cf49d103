"""A function of the user's as an enhancer."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from hdrmetrics.enhance.checking import check_guest
from hdrmetrics.enhance.enhancer import Enhancer
from hdrmetrics.errors import EnhancerError, HdrMetricsError


class CallableEnhancer(Enhancer):
    """An enhancer that calls a function; see :func:`from_callable`.

    Parameters
    ----------
    function, name
        As there.
    """

    def __init__(self, function: Callable[[Tensor], Tensor], name: str) -> None:
        self.function, self.name = function, name

    def enhance(self, image: Tensor) -> Tensor:
        """Return what the function makes of a picture.

        Raises
        ------
        EnhancerError
            If it fails, or returns no tensor.
        ShapeError, PixelValueError, DomainError
            If it returns another size, NaN, or values outside [0, 1].
        """
        try:
            found = self.function(image.clone())
        except HdrMetricsError:
            raise
        except (Exception, SystemExit) as error:
            raise EnhancerError(f"{self.name} failed: {error!r}") from error
        return check_guest(found, image, self.name)

    def __repr__(self) -> str:
        return f"<{self.name}>"


def from_callable(function: Callable[[Tensor], Tensor], name: str = "") -> Enhancer:
    """Return an enhancer that calls a function.

    Parameters
    ----------
    function
        Takes one picture ``(1, 3, H, W)``, float32, display-encoded in [0, 1], and returns the
        same shape; what lies outside [0, 1] by no more than 0.001 is clipped. It gets whole
        pictures: how much memory a large one takes is its own affair.
    name
        What results call it; the function's own name where none is given.

    Raises
    ------
    EnhancerError
        If it is nothing that can be called. When the enhancer is called: if the function fails.

    Examples
    --------
    >>> import torch
    >>> brighter = from_callable(lambda image: image.sqrt(), name="brighter")
    >>> brighter(torch.full((1, 3, 2, 2), 0.25)).unique().tolist()
    [0.5]
    """
    if not callable(function):
        raise EnhancerError(f"an enhancer is made of a function, not of {function!r}")
    return CallableEnhancer(function, name or getattr(function, "__name__", "callable"))
