"""The transfer functions of :mod:`hdrmetrics.photometry.transfer`, under the name callers know."""

from hdrmetrics.photometry.transfer import *  # noqa: F403
