"""Codecs: real image compression as an operator, a picture in, a picture with its size out.

Codecs of HDR take and return linear BT.709 in cd/m², those of SDR display-encoded values in [0, 1].
The same picture, settings and library versions give the same file.

Examples
--------
>>> import torch
>>> from hdrmetrics.codecs import create_codec
>>> coded = create_codec("jpeg", quality=30)(torch.rand(1, 3, 32, 32))
>>> coded.image.shape
torch.Size([1, 3, 32, 32])
"""

from hdrmetrics.codecs.catalogue import codec_info as codec_info
from hdrmetrics.codecs.catalogue import create_codec as create_codec
from hdrmetrics.codecs.catalogue import list_codecs as list_codecs
from hdrmetrics.codecs.catalogue import quality_at as quality_at
from hdrmetrics.codecs.codec import Codec as Codec
from hdrmetrics.codecs.codec import CodecInfo as CodecInfo
from hdrmetrics.codecs.codec import Coded as Coded

__all__ = [
    "Codec",
    "CodecInfo",
    "Coded",
    "codec_info",
    "create_codec",
    "list_codecs",
    "quality_at",
]
