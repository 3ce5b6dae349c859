"""Where training batches come from: folders by kind, mixed by weight, read by worker processes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch.utils.data import IterableDataset, get_worker_info

from detector.crops import sample
from detector.datasets import Example, read_shards, read_yolo

# piece size to pieces a batch: every batch has about as many pixels
BATCHES = {320: 16, 416: 9, 512: 6, 640: 4}
SIZE_ODDS = (0.25, 0.2, 0.2, 0.35)
# close-up packs need large pieces to be large in: how much likelier photos are at each size
PHOTO_FACTOR = {320: 0.5, 416: 1.0, 512: 2.0, 640: 3.0}
# rotated copies in beverage3 have loose boxes
BEVERAGE_TRUST = 0.5
# the share of pieces that are spoilt on top; vision/synth's frames come with their own weather
SPOILT = {"flat": 0.35, "synth": 0.12, "rooms": 0.35, "photos": 0.3}
# batches between two looks for new shards
REFRESH = 300


@dataclass(frozen=True)
class Source:
    """A kind of pictures: `flat`, `synth`, `rooms` (folders of shards) or `photos` (YOLO)."""

    kind: str
    folder: Path
    weight: float

    def read(self) -> list[Example]:
        if self.kind == "photos":
            return read_yolo(self.folder, BEVERAGE_TRUST)
        return read_shards(self.folder) if self.folder.exists() else []


def parse_source(text: str) -> Source:
    """KIND:WEIGHT:FOLDER."""
    kind, weight, folder = text.split(":", 2)
    if kind not in ("flat", "synth", "rooms", "photos"):
        raise ValueError(f"source {text!r}: kind must be flat, synth, rooms or photos")
    return Source(kind, Path(folder), float(weight))


class Batches(IterableDataset):
    """An endless stream of batches, the same for the same seed, first step and files."""

    def __init__(self, sources: list[Source], seed: int, start: int) -> None:
        self.sources, self.seed, self.start = sources, seed, start

    def __iter__(self) -> Iterator[dict[str, torch.Tensor]]:
        cv2.setNumThreads(1)
        torch.set_num_threads(1)
        info = get_worker_info()
        rng = np.random.default_rng([self.seed, self.start, info.id if info else 0])
        made, pools, weights = 0, [], np.zeros(0)
        while True:
            if made % REFRESH == 0:
                pools = [s.read() for s in self.sources]
                weights = np.array([s.weight if pool else 0.0 for s, pool in zip(self.sources, pools)])
                if weights.sum() == 0:
                    raise FileNotFoundError("no pictures in any source: run detector.compose or synth-render first")
            size = int(rng.choice(tuple(BATCHES), p=SIZE_ODDS))
            odds = weights * [PHOTO_FACTOR[size] if s.kind == "photos" else 1.0 for s in self.sources]
            odds /= odds.sum()
            items: list[dict[str, torch.Tensor]] = []
            while len(items) < BATCHES[size]:
                which = int(rng.choice(len(pools), p=odds))
                example = pools[which][int(rng.integers(len(pools[which])))]
                picture = example.picture()
                # two pieces of a picture, because reading it is the dearest part
                for _ in range(min(2, BATCHES[size] - len(items))):
                    items.append(sample(example, picture, size, rng, SPOILT[self.sources[which].kind]))
            made += 1
            yield {key: torch.stack([item[key] for item in items]) for key in items[0]}
