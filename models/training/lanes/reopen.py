"""Turns the published ONNX file back into checkpoints that training can go on from.

    python3 -m lanes.reopen --weights ../weights/lanes/lanes.onnx --patches 'WORK/lanes/[0-9]*.bin' --out WORK/lanes/warm

As detector.reopen does for the detector: every folded norm gets statistics that are true of the patches, and scale
and shift that undo them, so that each network says what it said before. `lanes.train --warm` takes DIR/KIND/last.pt.
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
from lanes.network import HEIGHT, KINDS, PLANES, WIDTH, Deployed

SEED = 99
SHOWN = 4096
# as the published file has them
PARTS = ("plain", "backboned")


def reopen(weights: Path, pictures: list[torch.Tensor]) -> Deployed:
    """The file's networks; with `pictures`, batches of inputs, their norms are fit for training."""
    graph = onnx.load(str(weights)).graph
    values = {i.name: numpy_helper.to_array(i) for i in graph.initializer}
    heads = [[torch.from_numpy(values[name].copy()) for name in node.input[1:]] for node in graph.node if node.op_type == "Gemm"]
    if len(heads) != len(PARTS):
        raise ValueError(f"{weights}: {len(heads)} networks, wanted are {len(PARTS)}")
    model = Deployed([KINDS[kind]() for kind in PARTS]).eval()
    norms = unfold(model, weights, (1, PLANES, HEIGHT, WIDTH))
    for network, (weight, bias) in zip(model.networks, heads):
        if network.head.weight.shape != weight.shape:
            raise ValueError(f"{weights}: a head is {tuple(weight.shape)}, this network's is {tuple(network.head.weight.shape)}")
        network.head.weight.data, network.head.bias.data = weight, bias
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
    print(f"probabilities moved by {moved:.1e}")
    for kind, network in zip(PARTS, model.networks):
        (a.out / kind).mkdir(parents=True, exist_ok=True)
        torch.save({"average": network.state_dict(), "kind": kind}, a.out / kind / "last.pt")


if __name__ == "__main__":
    main()
