"""Distortions: seeded, of a strength that runs evenly from invisible to severe, HDR and SDR.

Examples
--------
>>> import torch
>>> from hdrmetrics.distort import create_distortion
>>> noise = create_distortion("camera_noise")
>>> light = torch.full((2, 3, 16, 16), 100.0)
>>> noisy = noise(light, strength=0.5, domain="hdr", seed=[7, 8])
>>> sorted(noise.record(0.5, domain="hdr", seed=7)["settings"])
['headroom', 'read_noise']
"""

from hdrmetrics.distort.catalogue import create_distortion as create_distortion
from hdrmetrics.distort.catalogue import distort as distort
from hdrmetrics.distort.catalogue import distortion_info as distortion_info
from hdrmetrics.distort.catalogue import list_distortions as list_distortions
from hdrmetrics.distort.composition import Composition as Composition
from hdrmetrics.distort.composition import compose as compose
from hdrmetrics.distort.degradation import Degradation as Degradation
from hdrmetrics.distort.distortion import Distortion as Distortion
from hdrmetrics.distort.distortion import DistortionInfo as DistortionInfo

__all__ = [
    "Composition",
    "Degradation",
    "Distortion",
    "DistortionInfo",
    "compose",
    "create_distortion",
    "distort",
    "distortion_info",
    "list_distortions",
]
