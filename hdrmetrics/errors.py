"""The typed errors and warnings that every room of the package raises."""

from __future__ import annotations


class HdrMetricsError(Exception):
    """Base of every error that hdrmetrics raises on purpose."""


class ImageReadError(HdrMetricsError, OSError):
    """A file could not be read: missing, truncated, corrupt or of an unsupported kind."""


class ImageAccessError(ImageReadError):
    """A file could not be read this time, whatever it holds: permission, memory, time."""


class ImageDecodeError(ImageReadError):
    """A decoder failed over a file: as a rule that is damaged, but short memory may look alike."""


class ImageLimitError(ImageReadError):
    """A file's header announces more pixels or bytes than the reader's limit allows."""


class StoreError(ImageReadError):
    """A store of objects did not answer, though it was asked several times."""


class MissingCodecError(ImageReadError):
    """Reading this format needs an optional package that is not installed."""


class MissingPackageError(HdrMetricsError, ImportError):
    """A function needs an optional package that is not installed."""


class ImageWriteError(HdrMetricsError, OSError):
    """A file could not be written, or the format cannot hold these pixels."""


class WeightsError(HdrMetricsError, OSError):
    """A weights file or its card is missing, damaged, or belongs to something else."""


class EnhancerError(HdrMetricsError, RuntimeError):
    """A program or function of the user's that was to enhance a picture failed."""


class ClusterError(HdrMetricsError, RuntimeError):
    """Worker processes or machines that share the work cannot be had, or were lost."""


class ShapeError(HdrMetricsError, ValueError):
    """An array has the wrong number of axes, channels or pixels, or two images differ in size."""


class PixelValueError(HdrMetricsError, ValueError):
    """Pixels hold NaN or infinity, or values that cannot be what the call says they are."""


class DomainError(HdrMetricsError, ValueError):
    """An image of one domain (HDR, SDR, tone-mapped) was given to a metric of another."""


class OptionError(HdrMetricsError, ValueError):
    """An option has a value outside what it may take, or is not known."""


class UnknownNameError(HdrMetricsError, LookupError):
    """No metric, display, encoding or operator has this name."""


class PairingError(HdrMetricsError, ValueError):
    """Test and reference files could not be matched one to one."""


class TableError(HdrMetricsError, ValueError):
    """A table that was given is missing, damaged, or says in a line what cannot be."""


class HdrMetricsWarning(UserWarning):
    """Base of the warnings; each is also listed in the result it concerns."""


class CalibrationWarning(HdrMetricsWarning):
    """Pixel values look unlike the units they are said to be in."""


class PixelValueWarning(HdrMetricsWarning):
    """Pixels were changed before scoring, for example negative radiance set to zero."""
