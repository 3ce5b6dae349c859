"""The lane networks: two small ones over nine planes, of which the mean is published.

Input N x 9 x 96 x 64: blue, green, red (0 to 1), then the marks of vision/lane: front, floor, back, inside, found
(0 or 1), and the weak score (0 to 1). The logit is that of "nothing stands in this lane, front to back".
`Plain` knows nothing but our renderer. `Backboned` starts from ImageNet's weights, because a bare wall that was never rendered looks
more like a photo. They err in different lanes, so that the mean of their logits errs in fewer. Only layers that OpenCV 4.6 takes.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from common.shufflenet import STAGE_CHANNELS, STEM_CHANNELS, ShuffleNetV2, pretrained

PLANES, HEIGHT, WIDTH = 9, 96, 64
CHANNELS = (24, 40, 64, 96)
PICTURE = 3
# how much a mark weighs at first: little beside the trained filters of the picture
MARK_START = 0.02


def conv(inputs: int, outputs: int, size: int, stride: int = 1, relu: bool = True) -> list[nn.Module]:
    layers: list[nn.Module] = [nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False), nn.BatchNorm2d(outputs)]
    return layers + [nn.ReLU(inplace=True)] if relu else layers


class Stage(nn.Module):
    """Halves the size, then adds to what is there what its neighbours say."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.down = nn.Sequential(*conv(inputs, outputs, 3, 2))
        self.more = nn.Sequential(*conv(outputs, outputs, 3), *conv(outputs, outputs, 1, relu=False))
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        x = self.down(x)
        return self.relu(x + self.more(x))


class Judge(nn.Module):
    """What both have in common: `stem` and `body` bring a patch down to 6 x 4, the head weighs what is left."""

    stem: nn.Module
    body: nn.Module

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.drop = nn.Dropout(0.4)
        self.head = nn.Linear(2 * channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.body(self.stem(x))
        # the mean says what the lane is like, the maximum whether anything stands in it
        x = torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1)
        return self.head(self.drop(x)).flatten()


class Plain(Judge):
    """Four stages of 3 x 3 convolutions."""

    def __init__(self, _: Path | None = None) -> None:
        a, b, c, d = CHANNELS
        super().__init__(d)
        self.stem = nn.Sequential(*conv(PLANES, a, 5, 2))
        self.body = nn.Sequential(Stage(a, b), Stage(b, c), Stage(c, d))


class Backboned(Judge):
    """The detector's backbone; its first pooling is left out because a patch is small. `init` is its ImageNet checkpoint."""

    def __init__(self, init: Path | None = None) -> None:
        super().__init__(STAGE_CHANNELS[-1])
        backbone = pretrained(init) if init else ShuffleNetV2()
        stem = nn.Conv2d(PLANES, STEM_CHANNELS, 3, 2, 1, bias=False)
        nn.init.normal_(stem.weight, std=MARK_START)
        stem.weight.data[:, :PICTURE] = backbone.first_conv[0].weight.data
        self.stem = nn.Sequential(stem, *list(backbone.first_conv)[1:])
        self.body = nn.Sequential(backbone.stage2, backbone.stage3, backbone.stage4)


KINDS: dict[str, type[Judge]] = {"plain": Plain, "backboned": Backboned}


class Deployed(nn.Module):
    """What is exported: a probability, 1 x 1, of the mean of the networks' logits, with the pooling as layers."""

    def __init__(self, networks: list[Judge]) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)
        size = (HEIGHT // 16, WIDTH // 16)
        self.mean, self.most = nn.AvgPool2d(size), nn.MaxPool2d(size)

    def forward(self, x: Tensor) -> Tensor:
        logits = []
        for n in self.networks:
            y = n.body(n.stem(x))
            logits.append(n.head(torch.cat([self.mean(y), self.most(y)], 1).flatten(1)))
        return torch.sigmoid(sum(logits) / len(logits))
