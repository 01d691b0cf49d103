"""How many strangers of a crowd are joined, by what of a look costs no network: an upper bound.

    python -m results.bursts.crowd --biq2021 DIR --count 3000

All embeddings are taken as equal, so that no pair is spared a closer look that any network would
spare. Writes ``crowd.json``; the groups that it names are to be looked at, since some of them show
one thing.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
import torch.nn.functional as F
from tqdm import tqdm

from hdrmetrics import read_image
from hdrmetrics.collection.bursts.finding import find_groups
from hdrmetrics.collection.bursts.look import SIDE, WIDTH, Look
from hdrmetrics.collection.bursts.looks import shown
from hdrmetrics.collection.record import Record
from hdrmetrics.photometry.color import luminance
from results.common.files import keep

HERE = Path(__file__).parent


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m results.bursts.crowd")
    parser.add_argument("--biq2021", type=Path, required=True)
    parser.add_argument("--count", type=int, default=3000)
    options = parser.parse_args()
    torch.set_num_threads(1)
    files = sorted(options.biq2021.iterdir())
    chosen = [files[i * len(files) // options.count] for i in range(options.count)]
    records = []
    for path in tqdm(chosen, mininterval=20):
        grey = luminance(shown(read_image(path))[None])[0]
        small = (255 * F.adaptive_avg_pool2d(grey, SIDE)).round().to(torch.uint8).numpy().tobytes()
        records.append(Record(str(path), path.stem, look=Look(small, bytes([127] * WIDTH))))
    groups = find_groups(records)
    joined = [[records[member].name for member in group.members] for group in groups]
    pictures = sum(len(names) for names in joined)
    keep(HERE / "crowd.json", {"pictures": len(records), "joined": pictures, "groups": joined})


if __name__ == "__main__":
    main()
