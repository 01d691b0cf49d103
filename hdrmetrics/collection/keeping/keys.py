"""On what the numbers and previews of a picture depend beside its bytes."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.metadata
import json
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from hdrmetrics import __version__
from hdrmetrics.collection.keeping.stamps import digest_of
from hdrmetrics.errors import ImageReadError

if TYPE_CHECKING:
    from hdrmetrics.collection.plan import Plan
    from hdrmetrics.metric import Metric

LOOK, PREVIEW, FILE = "look", "preview", "file"
"""Parts of a record that are no scores, which stand under the names of metrics: the last is what is
wrong with the file, in the place of all others."""

_PILLOW = ("pillow",)
_DECODERS = {
    "jpeg": _PILLOW, "png": _PILLOW, "webp": _PILLOW, "bmp": _PILLOW, "gif": _PILLOW,
    "hdr": (), "pfm": (), "pnm": (), "exr": ("openexr",),
}  # fmt: skip
_ALL_DECODERS = ("pillow", "openexr", "imagecodecs", "pillow-heif", "pylibjxl", "rawpy")


def parts_of(plan: Plan) -> dict[str, str]:
    """Return what each part of a record depends on, as text, by the part's name.

    What is wrong with a file depends on the sizes at which it is decoded, and on what decodes it.

    Parameters
    ----------
    plan
        Of the metrics their versions, weights and options count, of the conditions all that were
        given: of a display its numbers and of a mask its bytes, wherever they come from; of looks
        and previews the weights of ``nima``, by whose eyes they are made.

    Raises
    ------
    UnknownNameError, OptionError
        For metrics, displays or options that there are not.
    ImageReadError
        For a mask that cannot be read.
    """
    from hdrmetrics.collection.bursts import looks
    from hdrmetrics.jobs.scoring import build_metric

    viewing = _seen(plan.viewing)
    display = plan.viewing.get("display")
    metrics = {
        name: build_metric(name, display, dict(plan.options.get(name, {}))) for name in plan.metrics
    }
    parts = {
        name: _text([_described(metric), viewing, plan.small]) for name, metric in metrics.items()
    }
    # Damage may show at one size and not at another.
    sizes = {metric.enough if plan.reducible else None for metric in metrics.values()}
    parts[FILE] = _text([FILE, sorted(size or 0 for size in sizes)])
    # The network of looks says, too, how small a picture may be decoded for its preview.
    seen = [plan.small, *looks.sight()] if plan.looks or plan.preview else []
    if plan.looks:
        parts[LOOK] = _text([LOOK, looks.VERSION, *seen])
    if plan.preview:
        parts[PREVIEW] = _text([PREVIEW, plan.preview, *seen])
    return parts


def key_of(part: str, kind: str) -> bytes:
    """Return the key of a part of a record.

    Parameters
    ----------
    part
        Of :func:`parts_of`.
    kind
        The file's format: the versions of what decodes it count, too, and this package's own.

    Examples
    --------
    >>> len(key_of("nima 1", "jpeg")), key_of("nima 1", "jpeg") == key_of("nima 2", "jpeg")
    (16, False)
    """
    return hashlib.sha256(f"{_reader(kind)}\n{part}".encode()).digest()[:16]


@cache
def _reader(kind: str) -> str:
    versions = [f"hdrmetrics {__version__}"]
    for package in _DECODERS.get(kind, _ALL_DECODERS):
        try:
            versions.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    return ", ".join(versions)


def _described(metric: Metric) -> str:
    info = metric.info
    return _text(
        {
            "metric": info.name,
            "version": info.version,
            "settings": metric.settings(),
            "conditions": metric.conditions(),
            "weights": _weights(metric),
        }
    )


def _weights(metric: Metric) -> str:
    """Return the digest of all numbers that a metric was given or learnt."""
    import torch

    found = hashlib.sha256()
    for name, tensor in sorted(metric.state_dict().items()):
        found.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        plain = tensor.detach().cpu().contiguous().reshape(-1)
        found.update(plain.view(torch.uint8).numpy().data)
    return found.hexdigest()


def _seen(viewing: Mapping[str, Any]) -> dict[str, Any]:
    given = {key: value for key, value in viewing.items() if value is not None}
    if "display" in given:
        from hdrmetrics.photometry.display import get_display

        given["display"] = dataclasses.asdict(get_display(given["display"]))
    if "mask" in given:
        digest = digest_of(given["mask"])
        if digest is None:
            raise ImageReadError(f"{given['mask']}: the mask cannot be read")
        given["mask"] = digest.hex()
    return given


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)
