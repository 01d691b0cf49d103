"""What was seen of pictures, kept for the next output that asks for the same ones."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

from torch import Tensor, nn

from hdrmetrics.numerics.recording import is_recording

_MOST = 64  # pictures: more than any number of threads works on at once
_known: OrderedDict[str, Tensor] = OrderedDict()
_lock = Lock()


def remembered(picture: Tensor, who: str, see: Callable[[Tensor], Tensor]) -> Tensor:
    """Return what is seen of a picture: all outputs of a layer see the same, and seeing is slow.

    Parameters
    ----------
    picture
        Of which all is seen; the same values mean the same picture.
    who
        What else the result depends on.
    see
        Called where nothing is known of the picture, or a slope is wanted.
    """
    if is_recording(picture) or picture.device.type != "cpu":
        return see(picture)
    content = picture.detach().contiguous()
    told = f"{who} {tuple(content.shape)} {content.dtype} ".encode()
    key = hashlib.blake2b(told + content.numpy().tobytes(), digest_size=16).hexdigest()
    with _lock:
        if key in _known:
            _known.move_to_end(key)
            return _known[key].clone()
    found = see(picture)
    with _lock:
        _known[key] = found.detach().clone()
        while len(_known) > _MOST:
            _known.popitem(last=False)
    return found


def fingerprint(net: nn.Module) -> str:
    """Return what tells a network's weights from others."""
    found = hashlib.blake2b(digest_size=16)
    for name, value in net.state_dict().items():
        found.update(name.encode() + value.detach().cpu().float().contiguous().numpy().tobytes())
    return found.hexdigest()
