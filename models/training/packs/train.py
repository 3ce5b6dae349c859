"""Trains the embedder: seeded, resumable, on a CPU.

    python3 -m packs.train --run DIR --init shufflenetv2.pth --crops crops.npz --steps 4000

Where DIR holds a warm.pt (see packs.reopen), the network starts from it instead of the backbone alone.

The loss is CosFace (Wang et al. 2018): each product has a learned direction, and a crop's cosine to its
own must beat that to all others by a margin. Look-alikes need no mining: with all products in every
step's denominator, the nearest wrong one dominates it.
"""

from __future__ import annotations

import argparse
import math
import time
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from common.shufflenet import pretrained
from packs.augment import augment
from packs.fit import fit
from packs.network import DIMENSION, PackEmbedder

SEED = 20240517
BATCH = 96
SCALE, MARGIN = 24.0, 0.30
EMA_DECAY = 0.999
WARM_UP = 100
CROPS_TO_POINT = 6
SAVE_SECONDS = 120
# Of a batch, the rest being scenes: real photos are few, and worth more than their number.
SHARES = {"photo": 0.18, "front": 0.12, "reference": 0.15, "single": 0.06}


class CropStream(IterableDataset):
    """Endless augmented crops: products drawn evenly, so that a common one does not count more."""

    def __init__(self, path: Path, start: int) -> None:
        self.path, self.start = path, start

    def __iter__(self):
        cv2.setNumThreads(1)
        worker = get_worker_info()
        rng = np.random.default_rng((SEED, self.start, worker.id if worker else 0))
        data = np.load(self.path)
        pixels, ends, boxes, labels, kinds = (data[k] for k in ("bytes", "ends", "boxes", "labels", "kinds"))
        starts = np.concatenate(([0], ends[:-1]))
        groups = {kind: by_label(labels, np.where(kinds == kind)[0]) for kind in np.unique(kinds)}
        names = list(groups)
        weights = np.array([SHARES.get(n, 1 - sum(SHARES[k] for k in SHARES if k in groups)) for n in names])
        while True:
            images, targets = [], []
            for _ in range(BATCH):
                name = names[rng.choice(len(names), p=weights / weights.sum())]
                group = groups[name]
                members = group[rng.integers(len(group))]
                i = members[rng.integers(len(members))]
                cut = cv2.imdecode(pixels[starts[i] : ends[i]], cv2.IMREAD_COLOR)
                images.append(augment(cut, tuple(boxes[i]), rng, name in ("photo", "single")))
                targets.append(labels[i])
            yield torch.from_numpy(np.stack(images).transpose(0, 3, 1, 2).copy()), torch.tensor(targets, dtype=torch.long)


def by_label(labels: np.ndarray, members: np.ndarray) -> list[np.ndarray]:
    order = members[np.argsort(labels[members], kind="stable")]
    return np.split(order, np.where(np.diff(labels[order]))[0] + 1)


class CosFace(nn.Module):
    def __init__(self, classes: int) -> None:
        super().__init__()
        self.directions = nn.Parameter(torch.randn(classes, DIMENSION) * 0.1)

    def forward(self, embedding: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        cosine = F.normalize(embedding) @ F.normalize(self.directions).T
        margin = torch.zeros_like(cosine).scatter_(1, target[:, None], MARGIN)
        return F.cross_entropy(SCALE * (cosine - margin), target), (cosine.argmax(1) == target).float().mean()


@torch.no_grad()
def point(loss: CosFace, model: PackEmbedder, path: Path) -> None:
    """Turns each product's direction to where a few of its crops lie, so that a warm start is not undone
    by directions drawn at random."""
    data = np.load(path)
    pixels, ends, boxes, labels = (data[k] for k in ("bytes", "ends", "boxes", "labels"))
    starts = np.concatenate(([0], ends[:-1]))
    model.eval()
    order = np.random.default_rng(SEED).permutation(len(labels))
    rank = np.zeros(len(labels), int)
    seen: dict[int, int] = {}
    for i in order:
        rank[i] = seen[labels[i]] = seen.get(labels[i], 0) + 1
    some = np.where(rank <= CROPS_TO_POINT)[0]
    mean = torch.zeros_like(loss.directions)
    for part in np.array_split(some, max(1, len(some) // BATCH)):
        images = [fit(cv2.imdecode(pixels[starts[i] : ends[i]], cv2.IMREAD_COLOR), tuple(boxes[i])) for i in part]
        x = torch.from_numpy(np.stack(images).transpose(0, 3, 1, 2).copy()).float() / 255
        mean.index_add_(0, torch.from_numpy(labels[part]).long(), F.normalize(model(x)))
    loss.directions.copy_(F.normalize(mean))
    model.train()


def rate(step: int, steps: int, peak: float) -> float:
    if step < WARM_UP:
        return peak * (step + 1) / WARM_UP
    return peak * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * (step - WARM_UP) / max(1, steps - WARM_UP))))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True, help="folder of checkpoints and the log")
    parser.add_argument("--init", type=Path, required=True, help="ImageNet backbone to start from")
    parser.add_argument("--crops", type=Path, required=True, help="what packs.collect wrote")
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--workers", type=int, default=1)
    args = parser.parse_args()
    torch.manual_seed(SEED)
    torch.set_num_threads(args.threads)
    args.run.mkdir(parents=True, exist_ok=True)
    names = np.load(args.crops)["names"].tolist()
    model, warm = PackEmbedder(pretrained(args.init)), False
    if (args.run / "warm.pt").exists():
        model.load_state_dict(torch.load(args.run / "warm.pt", map_location="cpu")["model"])
        warm = True
    model = model.to(memory_format=torch.channels_last)
    loss = CosFace(len(names))
    trained = [p for m in (model, loss) for p in m.parameters()]
    optimiser = torch.optim.AdamW(trained, lr=args.rate, weight_decay=5e-4)
    average = {k: v.clone() for k, v in model.state_dict().items()}
    step = 0
    if (args.run / "last.pt").exists():
        state = torch.load(args.run / "last.pt", map_location="cpu")
        model.load_state_dict(state["model"])
        average, step = state["average"], state["step"]
        if state["names"] == names:
            loss.load_state_dict(state["loss"])
            optimiser.load_state_dict(state["optimiser"])
            warm = False
        else:
            warm = True  # other products: their directions are sought anew
    if warm:
        point(loss, model, args.crops)
    log = (args.run / "log.txt").open("a")

    def say(line: str) -> None:
        print(line, flush=True)
        log.write(line + "\n")
        log.flush()

    say(f"step {step} of {args.steps}, {len(names)} products")
    batches = DataLoader(CropStream(args.crops, step), batch_size=None, num_workers=args.workers, prefetch_factor=4)
    model.train()
    began, saved, seen, mean, right = time.monotonic(), time.monotonic(), 0, 0.0, 0.0
    for images, targets in batches:
        for group in optimiser.param_groups:
            group["lr"] = rate(step, args.steps, args.rate)
        value, hit = loss(model(images.float().div_(255).contiguous(memory_format=torch.channels_last)), targets)
        optimiser.zero_grad(set_to_none=True)
        value.backward()
        torch.nn.utils.clip_grad_norm_(trained, 10.0)
        optimiser.step()
        step += 1
        keep = min(EMA_DECAY, (1 + step) / (10 + step))
        with torch.no_grad():
            for key, ours in model.state_dict().items():
                if ours.dtype.is_floating_point and "running" not in key:
                    average[key].mul_(keep).add_(ours, alpha=1 - keep)
                else:
                    average[key].copy_(ours)
        seen += len(images)
        mean, right = mean + 0.02 * (float(value) - mean), right + 0.02 * (float(hit) - right)
        if step % 50 == 0:
            say(f"step {step} loss {mean:.3f} right {right:.3f} {seen / (time.monotonic() - began):.0f} crops/s")
        if time.monotonic() - saved > SAVE_SECONDS or step >= args.steps:
            saved = time.monotonic()
            state = {"model": model.state_dict(), "average": average, "loss": loss.state_dict(), "optimiser": optimiser.state_dict(), "step": step, "names": names}
            torch.save(state, args.run / "last.part")
            (args.run / "last.part").rename(args.run / "last.pt")
        if step >= args.steps:
            break


if __name__ == "__main__":
    main()
