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
# rotated copies in beverage3 have loose boxes
BEVERAGE_TRUST = 0.5
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

    def __init__(self, sources: list[Source], seed: int, start: int, sizes: tuple[int, ...] = tuple(BATCHES)) -> None:
        self.sources, self.seed, self.start, self.sizes = sources, seed, start, sizes

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
                weights = weights / weights.sum()
            size = int(rng.choice(self.sizes))
            items = []
            for _ in range(BATCHES[size]):
                pool = pools[int(rng.choice(len(pools), p=weights))]
                items.append(sample(pool[int(rng.integers(len(pool)))], size, rng))
            made += 1
            yield {key: torch.stack([item[key] for item in items]) for key in items[0]}
