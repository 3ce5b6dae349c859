"""The cross-stage-partial backbone of NanoDet-g, the detector's from version 0.5.0 on.

The layers are those of the published network (RangiLyu/nanodet, Apache-2.0), so that its weights, which learnt
COCO's 80 classes, load as they are; the code is ours. Plain 3 x 3 convolutions: more sums than ShuffleNetV2's, but
of the kind that a CPU does fastest. Cross-stage-partial: half of a stage's channels pass its units by (Wang et al.,
CSPNet, 2019).
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

STAGE_CHANNELS = (128, 256, 512)
STEM_CHANNELS = 32
STAGE_UNITS = (1, 2, 2, 3)
SLOPE = 0.1


def conv(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    """A convolution, its batch norm and a leaky ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.LeakyReLU(SLOPE, inplace=True),
    )


class Unit(nn.Module):
    """Halves the channels, looks at them once more and gives both halves."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = conv(channels, channels // 2)
        self.second = conv(channels // 2, channels // 2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        return torch.cat((self.second(x), x), 1)


class Stage(nn.Module):
    """Takes `channels`, gives twice as many: what its units made, and what passed them by."""

    def __init__(self, channels: int, units: int, stride: int) -> None:
        super().__init__()
        self.enter = conv(channels, channels, stride=stride)
        self.units = nn.Sequential(*(Unit(channels) for _ in range(units)))
        self.leave = conv(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        x = self.enter(x)
        return torch.cat((self.leave(self.units(x)), x), 1)


class CSPNet(nn.Module):
    """Maps N x 3 x H x W (BGR, 0 to 1) to the feature maps at strides 8, 16 and 32 with STAGE_CHANNELS channels."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = conv(3, STEM_CHANNELS, stride=2)
        self.pool = nn.MaxPool2d(3, 2, 1)
        channels = STEM_CHANNELS
        stages = []
        for number, units in enumerate(STAGE_UNITS):
            stages.append(Stage(channels, units, 1 if number == 0 else 2))
            channels *= 2
        self.stages = nn.ModuleList(stages)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x = self.stages[0](self.pool(self.stem(x)))
        at8 = self.stages[1](x)
        at16 = self.stages[2](at8)
        return at8, at16, self.stages[3](at16)


def pretrained(checkpoint: Path) -> CSPNet:
    """The backbone with the weights of `checkpoint`, as `common.nanodet` writes it; every key must fit."""
    backbone = CSPNet()
    backbone.load_state_dict(torch.load(checkpoint, map_location="cpu"), strict=True)
    return backbone
