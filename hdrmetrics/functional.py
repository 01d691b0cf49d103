"""Every metric as a plain function on tensors, for those who want no module."""

from __future__ import annotations

from hdrmetrics.metrics.crf import crf_correction as crf_correction
from hdrmetrics.metrics.difference import mean_absolute_error as mean_absolute_error
from hdrmetrics.metrics.difference import mean_squared_error as mean_squared_error
from hdrmetrics.metrics.difference import root_mean_squared_error as root_mean_squared_error
from hdrmetrics.metrics.fsim import fsim as fsim
from hdrmetrics.metrics.fsitm import fsitm as fsitm
from hdrmetrics.metrics.fsitm import fsitm_tmqi as fsitm_tmqi
from hdrmetrics.metrics.mpsnr import mpsnr as mpsnr
from hdrmetrics.metrics.ms_ssim import ms_ssim as ms_ssim
from hdrmetrics.metrics.piqe import piqe as piqe
from hdrmetrics.metrics.psnr import psnr as psnr
from hdrmetrics.metrics.ssim import ssim as ssim
from hdrmetrics.metrics.ssim import ssim_map as ssim_map
from hdrmetrics.metrics.tmqi import tmqi as tmqi
from hdrmetrics.metrics.vsi import vsi as vsi

__all__ = [
    "crf_correction",
    "fsim",
    "fsitm",
    "fsitm_tmqi",
    "mean_absolute_error",
    "mean_squared_error",
    "mpsnr",
    "ms_ssim",
    "piqe",
    "psnr",
    "root_mean_squared_error",
    "ssim",
    "ssim_map",
    "tmqi",
    "vsi",
]
