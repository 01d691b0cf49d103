"""Every metric of the package, one file each; importing this registers them by name."""

from __future__ import annotations

from hdrmetrics.metrics import fsitm, hdrvdp2, mpsnr, stack_metric, tmqi
from hdrmetrics.metrics.code_metric import register_family
from hdrmetrics.metrics.difference import MAE, MSE, RMSE
from hdrmetrics.metrics.fsim import FSIM, FSIMc
from hdrmetrics.metrics.ms_ssim import MSSSIM
from hdrmetrics.metrics.piqe import PIQE
from hdrmetrics.metrics.psnr import PSNR, PSNRY
from hdrmetrics.metrics.ssim import SSIM
from hdrmetrics.metrics.vsi import VSI

for _family in (PSNR, PSNRY, SSIM, MSSSIM, VSI, FSIM, FSIMc, MSE, RMSE, MAE, PIQE):
    register_family(_family)
hdrvdp2.register()
mpsnr.register()
stack_metric.register()
tmqi.register()
fsitm.register()
