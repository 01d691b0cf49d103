"""The metrics that are used when the caller names none."""

from __future__ import annotations

WITH_REFERENCE = ("pu21-psnr", "pu21-ssim")
WITHOUT_REFERENCE = ("norvdpnet", "pu21-piqe")
