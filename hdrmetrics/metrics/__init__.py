"""Every metric of the package, one file each; importing this registers them by name."""

from __future__ import annotations

from hdrmetrics.metrics import mpsnr
from hdrmetrics.metrics.code_metric import register_family
from hdrmetrics.metrics.difference import MAE, MSE, RMSE
from hdrmetrics.metrics.ms_ssim import MSSSIM
from hdrmetrics.metrics.psnr import PSNR, PSNRY
from hdrmetrics.metrics.ssim import SSIM

for _family in (PSNR, PSNRY, SSIM, MSSSIM, MSE, RMSE, MAE):
    register_family(_family)
mpsnr.register()
