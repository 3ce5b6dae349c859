"""Turns the published ONNX file back into a checkpoint that training can go on from.

    python3 -m packs.reopen --weights ../weights/packs/packs.onnx --crops crops.npz --run RUN

As detector.reopen does for the detector: every folded norm gets statistics that are true of the crops,
and scale and shift that undo them, so that the network says what it said before. Writes RUN/warm.pt,
from which packs.train begins where there is no last.pt.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch.nn import functional as F

from common.shufflenet import STAGE_CHANNELS
from detector.reopen import settle, unfold
from packs.network import BANDS, Deployed, PackEmbedder
from packs.train import CropStream

BATCHES = 6
FORMER_BANDS = (4, 4, 2)  # of 0.2.0 and before


def rebanded(weight: torch.Tensor) -> torch.Tensor:
    """A head of FORMER_BANDS as one of BANDS: each band's weight is shared by those that it is cut into. True of
    the averages; a maximum becomes the mean of its parts' maxima, which training puts right."""
    parts, at = [], 0
    for channels, former, bands in zip(STAGE_CHANNELS, FORMER_BANDS, BANDS):
        for _ in ("mean", "peak"):
            part = weight[:, at : at + channels * former].reshape(len(weight), channels, former)
            parts.append((part.repeat_interleave(bands // former, 2) * former / bands).flatten(1))
            at += channels * former
    return torch.cat(parts, 1)


def reopen(weights: Path, pictures: list[torch.Tensor]) -> PackEmbedder:
    """The file's network with norms that training can use; `pictures` are batches of inputs."""
    graph = onnx.load(str(weights)).graph
    values = {i.name: numpy_helper.to_array(i) for i in graph.initializer}
    gemm = next(node for node in graph.node if node.op_type == "Gemm")
    weight, bias = (torch.from_numpy(values[name].copy()) for name in gemm.input[1:])
    model = PackEmbedder().eval()
    settle(model.backbone, unfold(model.backbone, weights), pictures)
    if weight.shape[1] == 2 * sum(c * b for c, b in zip(STAGE_CHANNELS, FORMER_BANDS)):
        weight = rebanded(weight)
    if model.head.weight.shape != weight.shape:
        raise ValueError(f"{weights}: the head is {tuple(weight.shape)}, this network's is {tuple(model.head.weight.shape)}")
    with torch.no_grad():
        pooled = torch.cat([model.pooled(p) for p in pictures])
        mean, variance = pooled.mean(0), pooled.var(0, unbiased=False).clamp(min=1e-6)
        norm = model.norm
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
        norm.weight.copy_((variance + norm.eps).sqrt())
        norm.bias.copy_(mean)
        model.head.weight.copy_(weight)
        model.head.bias.copy_(bias)
        model.settle.running_mean.zero_()
        model.settle.running_var.fill_(1 - model.settle.eps)
    return model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--crops", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True)
    args = parser.parse_args()
    stream = iter(CropStream(args.crops, 0))
    pictures = [next(stream)[0].float() / 255 for _ in range(BATCHES)]
    model = reopen(args.weights, pictures)
    published, answers = onnx_answers(args.weights, pictures[0]), Deployed(model).eval()(pictures[0]).detach()
    print(f"least cosine to the published file: {float(F.cosine_similarity(published, answers).min()):.6f}")
    args.run.mkdir(parents=True, exist_ok=True)
    torch.save({"model": model.state_dict()}, args.run / "warm.pt")


def onnx_answers(weights: Path, picture: torch.Tensor) -> torch.Tensor:
    import cv2

    net = cv2.dnn.readNetFromONNX(str(weights))
    net.setInput(np.ascontiguousarray(picture.numpy()), "pack")
    return torch.from_numpy(net.forward("embedding").copy())


if __name__ == "__main__":
    main()
