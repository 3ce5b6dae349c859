"""Turns the published ONNX file back into a checkpoint that training can go on from.

    python3 -m lanes.reopen --weights ../weights/lanes/lanes.onnx --patches 'WORK/lanes/[0-9]*.bin' --out warm.pt

As detector.reopen does for the detector: every folded norm gets statistics that are true of the patches, and scale
and shift that undo them, so that the network says what it said before. `lanes.train --warm` takes the file.
"""

from __future__ import annotations

import argparse
import glob
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper

from detector.reopen import settle, unfold
from lanes import data
from lanes.network import HEIGHT, PLANES, WIDTH, LaneNetwork

SEED = 99
SHOWN = 4096


def reopen(weights: Path, pictures: list[torch.Tensor]) -> LaneNetwork:
    """The file's network; with `pictures`, batches of inputs, its norms are fit for training."""
    graph = onnx.load(str(weights)).graph
    values = {i.name: numpy_helper.to_array(i) for i in graph.initializer}
    gemm = next(node for node in graph.node if node.op_type == "Gemm")
    weight, bias = (torch.from_numpy(values[name].copy()) for name in gemm.input[1:])
    model = LaneNetwork().eval()
    norms = unfold(model, weights, (1, PLANES, HEIGHT, WIDTH))
    if model.head.weight.shape != weight.shape:
        raise ValueError(f"{weights}: the head is {tuple(weight.shape)}, this network's is {tuple(model.head.weight.shape)}")
    model.head.weight.data, model.head.bias.data = weight, bias
    if pictures:
        settle(model, norms, pictures)
    return model


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--weights", type=Path, required=True)
    p.add_argument("--patches", required=True)
    p.add_argument("--out", type=Path, required=True)
    a = p.parse_args()
    records = data.read([Path(f) for f in glob.glob(a.patches)])
    rng = np.random.default_rng(SEED)
    pick = records[rng.permutation(len(records))[:SHOWN]]
    pictures = [torch.from_numpy(data.disturb(pick[i : i + 256], rng)) for i in range(0, len(pick), 256)]
    before = reopen(a.weights, [])
    model = reopen(a.weights, pictures)
    with torch.no_grad():
        moved = max(float((model(x) - before(x)).abs().max()) for x in pictures[:2])
    print(f"logits moved by {moved:.1e}")
    torch.save({"average": model.state_dict()}, a.out)


if __name__ == "__main__":
    main()
