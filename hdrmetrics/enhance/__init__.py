"""Enhancers: what makes photographs better, display-encoded pictures in and out.

Examples
--------
>>> import torch
>>> from hdrmetrics.enhance import create_enhancer
>>> sharper = create_enhancer("unsharp_mask", amount=0.8)
>>> sharper(torch.rand(1, 3, 24, 32)).shape
torch.Size([1, 3, 24, 32])
"""

from hdrmetrics.enhance.callables import from_callable as from_callable
from hdrmetrics.enhance.catalogue import create_enhancer as create_enhancer
from hdrmetrics.enhance.catalogue import enhancer_info as enhancer_info
from hdrmetrics.enhance.catalogue import list_enhancers as list_enhancers
from hdrmetrics.enhance.catalogue import register_enhancer as register_enhancer
from hdrmetrics.enhance.commands import from_command as from_command
from hdrmetrics.enhance.enhancer import Enhancer as Enhancer
from hdrmetrics.enhance.enhancer import EnhancerInfo as EnhancerInfo
from hdrmetrics.enhance.modules import LightGuest as LightGuest
from hdrmetrics.enhance.modules import from_module as from_module
from hdrmetrics.enhance.named_guest import find_guest as find_guest

__all__ = [
    "Enhancer",
    "EnhancerInfo",
    "LightGuest",
    "create_enhancer",
    "enhancer_info",
    "find_guest",
    "from_callable",
    "from_command",
    "from_module",
    "list_enhancers",
    "register_enhancer",
]
