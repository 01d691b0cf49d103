"""Whether the maps of learned scores find damage in places, on scenes that none was trained on.

    python -m results.learned.maps --scenes DIR [--most N]

Each picture of a test scene is damaged in places, as for ``whole.md``; to be found are the cells of
16 px in which a pixel was changed. Writes ``maps.md``.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

from datasets.statistics.bootstrap import SceneBootstrap
from datasets.statistics.weighted import weighted_mean
from datasets.streams import digest
from hdrmetrics.catalogue.domain import PixelDomain
from hdrmetrics.text.markdown import markdown_table
from hdrmetrics.text.textfile import write_text
from results.learned.damage import versions
from results.learned.doubts import auroc
from results.learned.tables import cell
from results.learned.whole import HEADS, chosen, learned, picture

HERE = Path(__file__).parent
CELL = 16
ALL = "all"
DAMAGES = (ALL, "blurred part", "noisy part", "lost tile", "grey half", "moved half")
INTRO = (
    "{scenes} of the test split, up to 512×384 px each. Area under the curve of the map's cells "
    "(16 px) against those in which a pixel was changed, where some were and some were not; means "
    "over versions and scenes, 95 % bootstrap over groups of scenes for all damage."
)


def cells(values: Tensor) -> np.ndarray:
    """Return the largest value in each cell of ``(1, C, H, W)``, flat."""
    found: np.ndarray = F.max_pool2d(values.amax(dim=1, keepdim=True), CELL).flatten().numpy()
    return found


def main() -> None:
    """Measure, and write the report."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--scenes", type=Path, required=True)
    parser.add_argument("--most", type=int, default=12, help="scenes of each kind")
    parser.add_argument("--resamples", type=int, default=500)
    parser.add_argument("--out", type=Path, default=HERE, help="where the report is written")
    options = parser.parse_args()
    lines, counts = [], []
    domains: tuple[PixelDomain, ...] = ("hdr", "sdr")
    for domain in domains:
        heads = {name: learned(name) for name in HEADS[domain]}
        found: dict[str, dict[str, dict[str, list[float]]]] = defaultdict(
            lambda: defaultdict(lambda: defaultdict(list))
        )
        scenes = chosen(options.scenes, domain, "test", options.most)
        groups = set()
        for scene in tqdm(scenes, desc=domain):
            reference = picture(scene, domain)
            if reference is None:
                continue
            groups.add(scene.group)
            for version in versions(reference, domain, digest("maps", scene.name) % 2**31):
                changed = cells((version.picture - reference).abs()) > 0
                if version.where != "somewhere" or changed.all() or not changed.any():
                    continue
                for name, head in heads.items():
                    with torch.no_grad():
                        seen = head.map(version.picture, reference if head.info.reference else None)
                    values = cells(seen)
                    area = auroc(values[changed], values[~changed])
                    for kind in (ALL, version.name):
                        found[name][kind][scene.group].append(area)
        counts.append(f"{len(groups)} groups of {domain.upper()} scenes")
        for name in heads:
            by_group = found[name][ALL]
            names = np.array(sorted(by_group))
            means = np.array([np.mean(by_group[group]) for group in names])
            bootstrap = SceneBootstrap(names, resamples=options.resamples)
            interval = bootstrap.interval(weighted_mean(means))
            rest = [
                f"{np.mean([a for one in found[name][kind].values() for a in one]):.2f}"
                for kind in DAMAGES[1:]
            ]
            lines.append([name, cell(interval), *rest])
    text = [
        "# Maps: where something is wrong",
        INTRO.format(scenes=" and ".join(counts)),
        markdown_table(["head", *DAMAGES], lines),
    ]
    write_text(options.out / "maps.md", "\n\n".join(text) + "\n")


if __name__ == "__main__":
    main()
