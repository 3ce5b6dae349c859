"""Trains the lane network; the same command goes on from the run's last.pt.

    python3 -m lanes.train --run DIR --kind backboned --init shufflenetv2.pth --patches 'WORK/lanes/[0-9]*.bin' --check 'WORK/lanes/val.*.bin' --epochs 12

Prints after each epoch, for every checked file: how well bare lanes are told from others (area under the ROC), and the share
of bare lanes found while at most one told lane in fifty is not bare.
"""

from __future__ import annotations

import argparse
import glob
import math
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

from lanes import data
from lanes.network import KINDS

SHARE_WRONG = 0.02


def recall_at(bare: np.ndarray, score: np.ndarray, wrong: float = SHARE_WRONG) -> tuple[float, float]:
    """The largest recall of bare lanes with at most `wrong` of those told being not bare, and its threshold."""
    order = np.argsort(-score)
    hits = np.cumsum(bare[order])
    told = np.arange(1, len(order) + 1)
    good = np.flatnonzero((told - hits) <= wrong * told)
    if len(good) == 0 or bare.sum() == 0:
        return 0.0, 1.0
    k = good[-1]
    return float(hits[k] / bare.sum()), float(score[order[k]])


def area(bare: np.ndarray, score: np.ndarray) -> float:
    """Area under the ROC curve: the chance that a bare lane scores above one that is not."""
    rank = np.empty(len(score))
    rank[np.argsort(score)] = np.arange(1, len(score) + 1)
    n = bare.sum()
    if n in (0, len(bare)):
        return float("nan")
    return float((rank[bare].sum() - n * (n + 1) / 2) / (n * (len(bare) - n)))


def score(model: nn.Module, records: np.ndarray) -> np.ndarray:
    model.eval()
    with torch.no_grad():
        parts = [torch.sigmoid(model(torch.from_numpy(data.planes(records[i : i + 256])))).numpy() for i in range(0, len(records), 256)]
    return np.concatenate(parts) if parts else np.zeros(0)


def report(model: nn.Module, files: list[str]) -> None:
    for path in files:
        records = data.read([Path(path)])
        bare, s = records["packs"] == 0, score(model, records)
        recall, at = recall_at(bare, s)
        clean = records["condition"] <= 1
        rc, atc = recall_at(bare[clean], s[clean])
        print(f"  {Path(path).stem}: {len(bare)} lanes, {bare.mean():.2f} bare, area {area(bare, s):.3f}, "
              f"recall {recall:.3f} from {at:.3f}; clean {area(bare[clean], s[clean]):.3f}, {rc:.3f} from {atc:.3f}", flush=True)


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--run", type=Path, required=True)
    p.add_argument("--patches", required=True)
    p.add_argument("--check", default="")
    p.add_argument("--kind", choices=sorted(KINDS), default="backboned")
    p.add_argument("--init", type=Path, help="ImageNet backbone to start from (backboned)")
    p.add_argument("--average", type=float, default=0.995, help="share of the averaged weights that a step leaves")
    p.add_argument("--warm", type=Path, help="last.pt of an earlier run to start from, step 0 again")
    p.add_argument("--epochs", type=int, default=12)
    p.add_argument("--batch", type=int, default=64)
    p.add_argument("--rate", type=float, default=2e-3)
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--seed", type=int, default=1)
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    torch.manual_seed(a.seed)
    a.run.mkdir(parents=True, exist_ok=True)
    records = data.read([Path(f) for f in glob.glob(a.patches)])
    bare = (records["packs"] == 0).astype(np.float32)
    print(f"{len(records)} lanes, {bare.mean():.3f} bare", flush=True)
    start = torch.load(a.warm)["average"] if a.warm else KINDS[a.kind](a.init).state_dict()
    model = KINDS[a.kind]().to(memory_format=torch.channels_last)
    average = KINDS[a.kind]()
    model.load_state_dict(start), average.load_state_dict(start)
    optimiser = torch.optim.AdamW(model.parameters(), a.rate, weight_decay=0.02)
    steps, step = a.epochs * (len(records) // a.batch), 0
    last = a.run / "last.pt"
    if last.exists():
        saved = torch.load(last)
        model.load_state_dict(saved["model"]), average.load_state_dict(saved["average"]), optimiser.load_state_dict(saved["optimiser"])
        step = saved["step"]
    loss_of = nn.BCEWithLogitsLoss()
    while step < steps:
        epoch = step // (len(records) // a.batch)
        rng = np.random.default_rng([a.seed, epoch])
        order, started, total = rng.permutation(len(records)), time.time(), 0.0
        model.train()
        for k in range(len(records) // a.batch):
            pick = order[k * a.batch : (k + 1) * a.batch]
            for group in optimiser.param_groups:
                group["lr"] = a.rate * min(1, (step + 1) / 200) * (0.5 + 0.5 * math.cos(math.pi * step / steps))
            loss = loss_of(model(torch.from_numpy(data.disturb(records[pick], rng)).contiguous(memory_format=torch.channels_last)), torch.from_numpy(bare[pick]))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            total, step = total + loss.item(), step + 1
            keep = min(a.average, 1 - 1 / (step + 1))
            with torch.no_grad():
                for mine, new in zip(average.state_dict().values(), model.state_dict().values()):
                    if mine.dtype.is_floating_point:
                        mine.mul_(keep).add_(new, alpha=1 - keep)
                    else:
                        mine.copy_(new)
        torch.save({"model": model.state_dict(), "average": average.state_dict(), "optimiser": optimiser.state_dict(), "step": step,
                    "kind": a.kind}, last)
        print(f"epoch {epoch + 1}: loss {total / (len(records) // a.batch):.4f}, {time.time() - started:.0f} s", flush=True)
        report(average, sorted(glob.glob(a.check)))


if __name__ == "__main__":
    main()
