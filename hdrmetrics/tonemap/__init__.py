"""Tone mapping: operators that turn HDR pictures into display-referred ones.

Examples
--------
>>> import torch
>>> from hdrmetrics.tonemap import create_operator, to_display
>>> operator = create_operator("reinhard02", key=0.18)
>>> code = to_display(operator(torch.rand(1, 3, 32, 32) * 1000))
>>> bool((code >= 0).all() and (code <= 1).all())
True
"""

from hdrmetrics.tonemap.catalogue import create_operator as create_operator
from hdrmetrics.tonemap.catalogue import list_operators as list_operators
from hdrmetrics.tonemap.catalogue import operator_info as operator_info
from hdrmetrics.tonemap.catalogue import tonemap as tonemap
from hdrmetrics.tonemap.encode import to_display as to_display
from hdrmetrics.tonemap.operator import Operator as Operator
from hdrmetrics.tonemap.operator import OperatorInfo as OperatorInfo

__all__ = [
    "Operator",
    "OperatorInfo",
    "create_operator",
    "list_operators",
    "operator_info",
    "to_display",
    "tonemap",
]
