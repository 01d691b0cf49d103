"""The quality network that an architecture describes."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hdrmetrics.errors import OptionError, ShapeError
from hdrmetrics.learned.architecture import WINDOW, Architecture
from hdrmetrics.learned.architecture import Stage as StageShape
from hdrmetrics.learned.descriptors import describe_pair, in_strips
from hdrmetrics.learned.front import (
    bent_difference,
    front_channels,
    kinds,
    picture_code,
    picture_light,
)
from hdrmetrics.learned.geometry import input_channels, minimum_length, statistic_count
from hdrmetrics.learned.statistics import level_statistics, powers, window_moments
from hdrmetrics.learned.visible import describe_visible
from hdrmetrics.metric import Domain

Features = tuple[Tensor, ...]
"""Maps ``(N, C, h, w)`` of the pooled levels, fine to coarse, before pooling."""

_LAST_GAIN = 0.1  # of the output layer: all targets start near one half


class Stage(nn.Module):
    """A convolution with ReZero blocks after it, and a max-pool where the architecture has one."""

    def __init__(self, before: int, shape: StageShape, *, padded: bool) -> None:
        super().__init__()
        reach = shape.kernel // 2
        self.border, self.lost = reach * padded, reach * (not padded)
        self.max_pool = shape.max_pool
        self.first = _convolution(before, shape, shape.stride, self.border)
        self.blocks = nn.ModuleList(
            _convolution(shape.channels, shape, 1, self.border) for _ in range(shape.blocks)
        )
        self.alpha = nn.Parameter(torch.zeros(shape.blocks))

    def forward(self, x: Tensor) -> Tensor:
        """Return the stage's maps."""
        x = self.first(x).relu_()
        for alpha, block in zip(self.alpha, self.blocks, strict=True):
            assert isinstance(block, nn.Conv2d)
            assert block.bias is not None
            # α·f(x) with α in the weights: one pass over the map less.
            grown = F.conv2d(x, alpha * block.weight, alpha * block.bias, padding=self.border)
            grown += x[..., 1:-1, 1:-1] if self.lost else x
            x = grown.relu_()
        return x if self.max_pool == 1 else F.max_pool2d(x, self.max_pool)


class QualityNetwork(nn.Module):
    """Front end, stages, statistics and heads; made by :func:`build_network`.

    Parameters
    ----------
    architecture
        What to build.

    Raises
    ------
    OptionError
        If its fields are wider than a window.

    Notes
    -----
    Works in the precision of its weights, the front end and the statistics never in less than
    float32, so autocast concerns the convolutions only.
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        self.minimum_length = minimum_length(architecture)
        if self.minimum_length > WINDOW:
            raise OptionError(
                f"the network {architecture.name} leaves no cell of a window of {WINDOW} px; it "
                f"needs {self.minimum_length}: fewer stages or blocks, or padding"
            )
        widths = [input_channels(architecture), *(s.channels for s in architecture.stages)]
        padded = architecture.padding == "zeros"
        self.stages = nn.ModuleList(
            Stage(before, shape, padded=padded)
            for before, shape in zip(widths[:-1], architecture.stages, strict=True)
        )
        length, hidden = statistic_count(architecture), architecture.hidden
        self.heads = nn.ModuleDict(
            {
                name: nn.Sequential(_Linear(length, hidden), nn.ReLU(), _Linear(hidden, 1))
                for name in architecture.heads
            }
        )
        self.faults: nn.Sequential | None = None

    def forward(self, test: Tensor, reference: Tensor | None = None, *, domain: Domain) -> Tensor:
        """Return the raw outputs ``(N, heads)`` of pictures, each as one window.

        Parameters
        ----------
        test
            ``(N, 1, H, W)`` or ``(N, 3, H, W)``, float: cd/m² or display codes in [0, 1].
        reference
            The same shape, for networks with a reference.
        domain
            ``hdr``: light in cd/m²; ``sdr``: display codes; ``tonemapped``: the test is of codes,
            the reference of light.

        Returns
        -------
        Tensor
            Before the sigmoid: the target is its sigmoid. Columns as ``architecture.heads``.

        Raises
        ------
        ShapeError
            If a picture is too small for the network, or two differ.
        OptionError
            If the reference is missing or not wanted, or the domain unknown.
        """
        return self.head(self.pool(self.features(test, reference, domain=domain)))

    def features(
        self, test: Tensor, reference: Tensor | None = None, *, domain: Domain
    ) -> Features:
        """Return the maps of the pooled levels; arguments and errors as for :meth:`forward`."""
        return self.trunk(*self.channels(test, reference, domain=domain))

    def channels(
        self,
        test: Tensor,
        reference: Tensor | None = None,
        *,
        domain: Domain,
        visible: bool = True,
    ) -> tuple[Tensor, Tensor | None]:
        """Return what the front end makes of the pictures; arguments as for :meth:`forward`.

        The second one is of the reference; with descriptors and the fusion ``difference``, those of
        the pair follow, and then the visible differences, unless ``visible`` is false: those of the
        windows of a larger picture are not parts of the picture's.
        """
        self._check(test, reference)
        front = self.architecture.front
        of_test, of_reference = kinds(domain)
        with torch.autocast(test.device.type, enabled=False):
            test = _full(test)
            seen = front_channels(test, front, of_test)
            if reference is None:
                return seen, None
            reference = _full(reference)
            compared = front_channels(reference, front, of_reference)
            if front.descriptors and self.architecture.fusion == "difference":

                def pair(parts: list[Tensor]) -> Tensor:
                    codes = zip(parts, (of_test, of_reference), strict=True)
                    return describe_pair(*(picture_code(x, front, kind) for x, kind in codes))

                compared = torch.cat([compared, in_strips(pair, [test, reference])], dim=1)
            if front.visible and visible:
                lights = self.lights(test, reference, domain=domain)
                compared = torch.cat([compared, describe_visible(*lights)], dim=1)
            return seen, compared

    def lights(self, test: Tensor, reference: Tensor, *, domain: Domain) -> tuple[Tensor, Tensor]:
        """Return the luminance of two pictures, ``(N, 1, H, W)`` each, in cd/m²."""
        of_test, of_reference = kinds(domain)
        with torch.autocast(test.device.type, enabled=False):
            return (
                picture_light(_full(test), of_test),
                picture_light(_full(reference), of_reference),
            )

    def trunk(self, test: Tensor, reference: Tensor | None = None) -> Features:
        """Return the maps of the pooled levels from the front end's channels."""
        if reference is None:
            return self._levels(test)
        parts, front = [test, reference], self.architecture.front
        if self.architecture.fusion == "difference" and not front.descriptors:
            with torch.autocast(test.device.type, enabled=False):
                parts.append(bent_difference(test, reference, front))
        return self._levels(torch.cat(parts, dim=1))

    def pool(self, features: Features) -> Tensor:
        """Return the statistics ``(N, F)`` of whole maps."""
        architecture, found = self.architecture, []
        for level, maps in zip(architecture.pooled, features, strict=True):
            whole = [(0, maps.shape[-2])], [(0, maps.shape[-1])]
            moments = window_moments(maps, *whole, powers=powers(architecture.pooling))
            found.append(level_statistics(moments, architecture, level)[:, 0])
        return torch.cat(found, dim=-1)

    def add_faults(self, hidden: int, count: int) -> None:
        """Give the network an output that names faults, from the statistics that the heads see.

        Parameters
        ----------
        hidden, count
            Widths of its hidden layer and of the output; its weights come from a file or a fit.
        """
        length = statistic_count(self.architecture)
        self.faults = nn.Sequential(_Linear(length, hidden), nn.ReLU(), _Linear(hidden, count))
        self.faults.to(self.dtype)

    def name_faults(self, pooled: Tensor) -> Tensor:
        """Return how strongly statistics ``(…, F)`` speak for each fault, ``(…, D or 0)``."""
        if self.faults is None:
            return pooled.new_zeros(*pooled.shape[:-1], 0)
        with torch.autocast(pooled.device.type, enabled=False):
            found: Tensor = self.faults(pooled.to(self.dtype))
            return found

    def head(self, pooled: Tensor) -> Tensor:
        """Return the raw outputs ``(…, heads)`` of statistics ``(…, F)``."""
        with torch.autocast(pooled.device.type, enabled=False):
            pooled = pooled.to(self.dtype)
            return torch.cat([head(pooled) for head in self.heads.values()], dim=-1)

    @property
    def dtype(self) -> torch.dtype:
        """Type of the weights."""
        return next(self.parameters()).dtype

    def _levels(self, x: Tensor) -> Features:
        wanted = self.architecture.pooled
        found = [x] if 0 in wanted else []
        # What is pooled beside the descriptors comes after them.
        x = x[:, : input_channels(self.architecture)]
        x = x.to(self.dtype)
        for index, stage in enumerate(self.stages, start=1):
            x = stage(x)
            if index in wanted:
                found.append(x)
            if index == wanted[-1]:
                break
        return tuple(found)

    def _check(self, test: Tensor, reference: Tensor | None) -> None:
        if (reference is None) != (self.architecture.inputs == "none"):
            wants = "no reference" if reference is not None else "a reference"
            raise OptionError(f"the network {self.architecture.name} takes {wants}")
        if test.ndim != 4 or test.shape[1] not in (1, 3) or not test.is_floating_point():
            raise ShapeError(
                f"pictures are floats (N, C, H, W) with 1 or 3 channels, not {test.dtype} "
                f"{tuple(test.shape)}"
            )
        if min(test.shape[-2:]) < self.minimum_length:
            raise ShapeError(
                f"the network {self.architecture.name} needs at least {self.minimum_length} "
                f"pixels a side, not {tuple(test.shape[-2:])}"
            )
        if reference is not None and reference.shape != test.shape:
            raise ShapeError(
                f"test and reference differ in shape: {tuple(test.shape)} and "
                f"{tuple(reference.shape)}"
            )


def build_network(architecture: Architecture, *, seed: int = 0) -> QualityNetwork:
    """Return a network with fresh weights.

    Each layer's weights are normal with variance 2/fan-in, which keeps the mean square of the
    activations at about one through all ReLUs; biases and the α of ReZero are zero.

    Parameters
    ----------
    architecture
        What to build.
    seed
        Decides the weights; torch's own random state is neither used nor changed.

    References
    ----------
    K. He et al., "Delving deep into rectifiers", ICCV 2015; T. Bachlechner et al., "ReZero is all
    you need", UAI 2021.
    """
    network = QualityNetwork(architecture)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name.endswith("weight"):
                variance = 2.0 / parameter[0].numel()
                if name.startswith("heads.") and parameter.shape[0] == 1:
                    variance = _LAST_GAIN**2 / parameter[0].numel()
                parameter.normal_(0.0, variance**0.5, generator=generator)
            else:
                parameter.zero_()
    return network


def _full(image: Tensor) -> Tensor:
    return image.float() if image.dtype in (torch.float16, torch.bfloat16) else image


class _Convolution(nn.Conv2d):
    """A convolution whose weights come later.

    Memory is taken as it is: PyTorch's own initialisation takes time and would draw from the
    global random state, and ``skip_init`` loads the compiler's packages (0.4 s) to avoid it.
    """

    def reset_parameters(self) -> None:
        """Leave the weights to :func:`build_network` or a file."""


class _Linear(nn.Linear):
    """A linear layer whose weights come later, as :class:`_Convolution`."""

    def reset_parameters(self) -> None:
        """Leave the weights to :func:`build_network` or a file."""


def _convolution(before: int, shape: StageShape, stride: int, border: int) -> nn.Conv2d:
    return _Convolution(before, shape.channels, shape.kernel, stride=stride, padding=border)
