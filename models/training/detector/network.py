"""The facing detector: backbone, feature pyramid down to stride 8, two outputs.

Anchor-free, one class. `heat` says how likely a facing has its centre in a cell, `ltrb` the
distances from the middle of the cell to the box's left, top, right and bottom side in input pixels.
Only layers that OpenCV 4.6's importer takes: convolution, ReLU, nearest upsampling by 2, add,
concat, strided slice, exp, sigmoid. For packs that fill the picture, 5x5 depthwise layers at stride
32, the last two dilated, widen the field of view beyond a thousand pixels.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from common.shufflenet import STAGE_CHANNELS, ShuffleNetV2, conv_bn

STRIDE = 8
WIDTH = 64
# exp(0) of the box output is this many input pixels, about half the side of a usual facing
DISTANCE_UNIT = 32.0
# the heat's start value: a hundredth, so that the first steps are not drowned by empty cells
HEAT_PRIOR = 0.01


def separable(inputs: int, outputs: int) -> nn.Sequential:
    """A 5x5 depthwise convolution and a pointwise one."""
    return nn.Sequential(*conv_bn(inputs, inputs, 5, groups=inputs, relu=False), *conv_bn(inputs, outputs, 1))


class Wide(nn.Module):
    """Adds what lies up to six cells away to every cell; starts as nothing, so it can join a trained network."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.far = nn.Conv2d(channels, channels, 5, padding=6, dilation=3, groups=channels, bias=False)
        self.norm = nn.BatchNorm2d(channels)
        self.mix = nn.Sequential(*conv_bn(channels, channels, 1, relu=False))
        nn.init.zeros_(self.mix[1].weight)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.mix(self.norm(self.far(x)))


class FacingDetector(nn.Module):
    """Maps N x 3 x H x W (BGR, 0 to 1; H and W multiples of 32) to heat logits and log distances."""

    def __init__(self, backbone: ShuffleNetV2 | None = None) -> None:
        super().__init__()
        self.backbone = backbone or ShuffleNetV2()
        at8, at16, at32 = STAGE_CHANNELS
        self.context = nn.Sequential(*conv_bn(at32, 128, 1), *(separable(128, 128) for _ in range(3)))
        self.wide = nn.Sequential(Wide(128), nn.ReLU(), Wide(128), nn.ReLU())
        self.lateral32 = nn.Sequential(*conv_bn(128, WIDTH, 1, relu=False))
        self.lateral16 = nn.Sequential(*conv_bn(at16, WIDTH, 1, relu=False))
        self.lateral8 = nn.Sequential(*conv_bn(at8, WIDTH, 1, relu=False))
        self.smooth16 = separable(WIDTH, WIDTH)
        self.smooth8 = separable(WIDTH, WIDTH)
        self.up = nn.Upsample(scale_factor=2, mode="nearest")
        self.relu = nn.ReLU()
        self.heat_tower = nn.Sequential(separable(WIDTH, WIDTH), separable(WIDTH, WIDTH))
        self.box_tower = nn.Sequential(separable(WIDTH, WIDTH), separable(WIDTH, WIDTH))
        self.heat = nn.Conv2d(WIDTH, 1, 1)
        self.box = nn.Conv2d(WIDTH, 4, 1)
        nn.init.constant_(self.heat.bias, -math.log(1 / HEAT_PRIOR - 1))
        nn.init.normal_(self.heat.weight, std=0.01)
        nn.init.normal_(self.box.weight, std=0.01)
        nn.init.zeros_(self.box.bias)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        at8, at16, at32 = self.backbone(x)
        top = self.lateral32(self.wide(self.context(at32)))
        middle = self.smooth16(self.relu(self.lateral16(at16) + self.up(top)))
        fine = self.smooth8(self.relu(self.lateral8(at8) + self.up(middle)))
        return self.heat(self.heat_tower(fine)), self.box(self.box_tower(fine))


class Deployed(nn.Module):
    """What is exported: the sigmoid and the distances in pixels are part of the graph."""

    def __init__(self, detector: FacingDetector) -> None:
        super().__init__()
        self.detector = detector

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        heat, box = self.detector(image)
        return torch.sigmoid(heat), torch.exp(box) * DISTANCE_UNIT


def parameters(model: nn.Module) -> int:
    """How many trainable numbers the model holds."""
    return sum(p.numel() for p in model.parameters())
