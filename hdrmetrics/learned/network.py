"""The quality network that an architecture describes."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from hdrmetrics.catalogue.domain import Domain
from hdrmetrics.errors import OptionError, ShapeError
from hdrmetrics.learned.architecture import Architecture
from hdrmetrics.learned.fronts.front import CellFront
from hdrmetrics.learned.fronts.pixels import full
from hdrmetrics.learned.layers import Linear
from hdrmetrics.learned.statistics import window_moments

Features = tuple[Tensor, ...]
"""Maps ``(N, C, h, w)`` of the pooled levels, fine to coarse, before pooling."""

_LAST_GAIN = 0.1  # of the output layer: all targets start near one half


class QualityNetwork(nn.Module):
    """Front end, stages, statistics and heads; made by :func:`build_network`.

    Parameters
    ----------
    architecture
        What to build.

    Notes
    -----
    Works in the precision of its weights, the front end and the statistics never in less than
    float32, so autocast concerns the convolutions only.
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.digest = ""  # of the weights, where they were read from a file
        self.architecture, self.front = architecture, architecture.seen
        self.minimum_length = self.front.minimum_length(len(architecture.stages))
        widths = [self.front.channels, *(shape.channels for shape in architecture.stages)]
        self.stages = nn.ModuleList(
            self.front.stage(before, shape.channels, shape.blocks)
            for before, shape in zip(widths[:-1], architecture.stages, strict=True)
        )
        self.heads = nn.ModuleDict(
            {name: self._output(architecture.hidden, 1) for name in architecture.heads}
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
        return self.trunk(self.channels(test, reference, domain=domain))

    def channels(self, test: Tensor, reference: Tensor | None = None, *, domain: Domain) -> Tensor:
        """Return what the front end makes of pictures; arguments as for :meth:`forward`."""
        self._check(test, reference)
        with torch.autocast(test.device.type, enabled=False):
            other = None if reference is None else full(reference)
            return self.front.see(full(test), other, domain)

    def cells(self, test: Tensor, reference: Tensor | None = None, *, domain: Domain) -> Tensor:
        """Return those channels that do not depend on where a window ends.

        Arguments and errors as for :meth:`forward`.

        Raises
        ------
        OptionError
            If the front end has no cells: a picture is then one window.
        """
        self._check(test, reference)
        if not isinstance(self.front, CellFront):
            raise OptionError(
                f"the network {self.architecture.name} sees a window as a whole: call it with one"
            )
        with torch.autocast(test.device.type, enabled=False):
            other = None if reference is None else full(reference)
            return self.front.see_cells(full(test), other, domain)

    def trunk(self, channels: Tensor) -> Features:
        """Return the maps of the pooled levels from the front end's channels."""
        wanted = self.front.pooled(len(self.stages))
        # What is pooled beside comes after what the stages see.
        x = channels[:, : self.front.channels].to(self.dtype)
        found = [channels]
        for stage in self.stages:
            x = stage(x)
            found.append(x)
        return tuple(found[level] for level in wanted)

    def pool(self, features: Features) -> Tensor:
        """Return the statistics ``(N, F)`` of whole maps."""
        levels, found = self.front.pooled(len(self.stages)), []
        for level, maps in zip(levels, features, strict=True):
            whole = [(0, maps.shape[-2])], [(0, maps.shape[-1])]
            moments = window_moments(maps, *whole, powers=self.front.powers)
            found.append(self.front.pool(moments, level)[:, 0])
        return torch.cat(found, dim=-1)

    def add_faults(self, hidden: int, count: int) -> None:
        """Give the network an output that names faults, from the statistics that the heads see.

        Parameters
        ----------
        hidden, count
            Widths of its hidden layer and of the output; its weights come from a file or a fit.
        """
        self.faults = self._output(hidden, count).to(self.dtype)

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

    def _output(self, hidden: int, count: int) -> nn.Sequential:
        length = self.architecture.statistics
        return nn.Sequential(Linear(length, hidden), nn.ReLU(), Linear(hidden, count))

    def _check(self, test: Tensor, reference: Tensor | None) -> None:
        if (reference is None) != (self.front.inputs == "none"):
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
