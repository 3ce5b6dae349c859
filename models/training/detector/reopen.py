"""Turns the published ONNX file back into checkpoints that training can go on from, DIR/KIND/ema.pt.

    python3 -m detector.reopen --weights ../weights/facings/facings.onnx.gz --out WORK/warm --source flat:1:FLAT

The export folds each batch norm into the convolution before it, and only the ONNX file is published.
Here every folded convolution gets its batch norm back: the norm's mean and variance are those that the
convolution shows on pieces of the sources, scale and shift undo them. In evaluation the network says
what it said before; in training the norms then start from statistics that are true.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from common import onnxfile
from detector.network import KINDS, Deployed, FacingDetector
from detector.sources import Batches, parse_source

SEED = 99
BATCHES = 25


def in_call_order(model: nn.Module, shape: tuple[int, ...]) -> list[nn.Module]:
    """The convolutions and batch norms as a forward pass meets them, which is the order of the ONNX nodes."""
    met: list[nn.Module] = []
    hooks = [
        m.register_forward_hook(lambda module, _, __: met.append(module))
        for m in model.modules() if isinstance(m, (nn.Conv2d, nn.BatchNorm2d))
    ]
    with torch.no_grad():
        model(torch.zeros(shape))
    for hook in hooks:
        hook.remove()
    return met


def unfold(model: nn.Module, path: Path, shape: tuple[int, ...] = (1, 3, 64, 64)) -> dict[nn.Conv2d, nn.BatchNorm2d]:
    """Fills the model with the file's weights, norms as identities; gives each folded convolution's norm.

    `shape` is one that the model takes.
    """
    graph = onnxfile.model(path).graph
    values = {i.name: numpy_helper.to_array(i) for i in graph.initializer}
    folded = [[torch.from_numpy(values[name].copy()) for name in node.input[1:]] for node in graph.node if node.op_type == "Conv"]
    met = in_call_order(model, shape)
    norms = {a: b for a, b in zip(met, met[1:]) if isinstance(a, nn.Conv2d) and isinstance(b, nn.BatchNorm2d)}
    convolutions = [m for m in met if isinstance(m, nn.Conv2d)]
    if len(convolutions) != len(folded):
        raise ValueError(f"{path}: {len(folded)} convolutions, this network has {len(convolutions)}")
    for number, (convolution, (weight, bias)) in enumerate(zip(convolutions, folded)):
        if convolution.weight.shape != weight.shape:
            raise ValueError(f"{path}: convolution {number} is {tuple(weight.shape)}, this network's is {tuple(convolution.weight.shape)}")
        convolution.weight.data = weight
        if convolution not in norms:
            convolution.bias.data = bias
            continue
        norm = norms[convolution]
        norm.running_mean.zero_()
        norm.running_var.fill_(1 - norm.eps)
        norm.weight.data.fill_(1)
        norm.bias.data = bias
    return norms


class Moments:
    """Mean and variance, channel by channel, of all that a convolution gave."""

    def __init__(self) -> None:
        self.count, self.sum, self.squares = 0, torch.zeros(1, dtype=torch.float64), torch.zeros(1, dtype=torch.float64)

    def __call__(self, _: nn.Module, __: tuple[Tensor, ...], out: Tensor) -> None:
        self.count += out.numel() // out.shape[1]
        self.sum = self.sum + out.double().sum((0, 2, 3))
        self.squares = self.squares + out.double().square().sum((0, 2, 3))

    def mean(self) -> Tensor:
        return self.sum / self.count

    def variance(self) -> Tensor:
        return (self.squares / self.count - self.mean().square()).clamp(min=1e-6)


def settle(model: nn.Module, norms: dict[nn.Conv2d, nn.BatchNorm2d], pictures: list[Tensor]) -> None:
    """Gives the norms the statistics of `pictures` without changing what the model says."""
    moments = {convolution: Moments() for convolution in norms}
    hooks = [convolution.register_forward_hook(m) for convolution, m in moments.items()]
    with torch.no_grad():
        for picture in pictures:
            model(picture)
    for hook in hooks:
        hook.remove()
    for convolution, norm in norms.items():
        mean, variance = moments[convolution].mean(), moments[convolution].variance()
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
        norm.bias.data = (norm.bias.data.double() + mean).float()
        norm.weight.data = (variance + norm.eps).sqrt().float()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--kind", action="append", choices=sorted(KINDS), help="networks of the file, in order: both, but in 0.4.0 and before slim alone")
    parser.add_argument("--source", action="append", required=True, help="KIND:WEIGHT:FOLDER as for training, several times")
    args = parser.parse_args()
    model = Deployed([FacingDetector(kind) for kind in args.kind or KINDS]).eval()
    norms = unfold(model, args.weights)
    probe = torch.from_numpy(np.random.default_rng(SEED).random((1, 3, 320, 320)).astype(np.float32))
    with torch.no_grad():
        before = torch.cat([o.flatten() for o in model(probe)])
    batches = iter(Batches([parse_source(s) for s in args.source], SEED, 0))
    settle(model, norms, [next(batches)["image"].float().div_(255) for _ in range(BATCHES)])
    with torch.no_grad():
        after = torch.cat([o.flatten() for o in model(probe)])
    print(f"answers moved by {float((after - before).abs().max()):.1e}")
    for detector in model.detectors:
        folder = args.out / detector.kind
        folder.mkdir(parents=True, exist_ok=True)
        torch.save({"model": detector.state_dict(), "kind": detector.kind, "step": 0}, folder / "ema.pt")


if __name__ == "__main__":
    main()
