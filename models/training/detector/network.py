"""The facing detector: two networks, each a backbone, a feature pyramid down to stride 8 and two outputs.

Anchor-free, one class. `heat` says how likely a facing has its centre in a cell, `ltrb` the
distances from the middle of the cell to the box's left, top, right and bottom side in input pixels.
`slim` started from ImageNet's weights and was trained for long; it knows packs that fill the picture. `broad` started from COCO's, sees more
in a cooler and draws tighter boxes. What is published is the mean of both: they err in different places.
Only layers that OpenCV 4.6's importer takes: convolution, ReLU, leaky ReLU, nearest upsampling by 2, add,
concat, strided slice, exp, sigmoid. For packs that fill the picture, 5x5 depthwise layers at stride
32, the last two dilated, widen the field of view beyond a thousand pixels.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from common import cspnet, shufflenet
from common.shufflenet import conv_bn

STRIDE = 8
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


@dataclass(frozen=True)
class Kind:
    """What the two networks differ in."""

    backbone: Callable[[], nn.Module]
    pretrained: Callable[[Path], nn.Module]
    channels: tuple[int, int, int]  # of the backbone at strides 8, 16, 32
    width: int  # channels of the pyramid
    context: int  # channels at stride 32
    separables: int  # layers of context
    smooth: Callable[[int, int], nn.Module]  # after each step of the pyramid
    says: float  # its weight in the boxes that are published; in the heat all count the same


KINDS = {
    "slim": Kind(shufflenet.ShuffleNetV2, shufflenet.pretrained, shufflenet.STAGE_CHANNELS, 64, 128, 3, separable, 1),
    "broad": Kind(cspnet.CSPNet, cspnet.pretrained, cspnet.STAGE_CHANNELS, 96, 160, 2, cspnet.conv, 3),
}


class FacingDetector(nn.Module):
    """Maps N x 3 x H x W (BGR, 0 to 1; H and W multiples of 32) to heat logits and log distances."""

    def __init__(self, kind: str, init: Path | None = None) -> None:
        super().__init__()
        k = KINDS[kind]
        self.kind = kind
        self.backbone = k.pretrained(init) if init else k.backbone()
        at8, at16, at32 = k.channels
        self.context = nn.Sequential(*conv_bn(at32, k.context, 1), *(separable(k.context, k.context) for _ in range(k.separables)))
        self.wide = nn.Sequential(Wide(k.context), nn.ReLU(), Wide(k.context), nn.ReLU())
        self.lateral32 = nn.Sequential(*conv_bn(k.context, k.width, 1, relu=False))
        self.lateral16 = nn.Sequential(*conv_bn(at16, k.width, 1, relu=False))
        self.lateral8 = nn.Sequential(*conv_bn(at8, k.width, 1, relu=False))
        self.smooth16 = k.smooth(k.width, k.width)
        self.smooth8 = k.smooth(k.width, k.width)
        self.up = nn.Upsample(scale_factor=2, mode="nearest")
        self.relu = nn.ReLU()
        self.heat_tower = nn.Sequential(separable(k.width, k.width), separable(k.width, k.width))
        self.box_tower = nn.Sequential(separable(k.width, k.width), separable(k.width, k.width))
        self.heat = nn.Conv2d(k.width, 1, 1)
        self.box = nn.Conv2d(k.width, 4, 1)
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
    """What is exported: the mean of the networks' logits, and of their log distances, of which broad's are the better ones; sigmoid
    and pixels are part of the graph."""

    def __init__(self, detectors: list[FacingDetector]) -> None:
        super().__init__()
        self.detectors = nn.ModuleList(detectors)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        heats, boxes = zip(*(detector(image) for detector in self.detectors))
        says = [KINDS[detector.kind].says for detector in self.detectors]
        box = sum(b * s for b, s in zip(boxes, says)) / sum(says)
        return torch.sigmoid(sum(heats) / len(heats)), torch.exp(box) * DISTANCE_UNIT


def parameters(model: nn.Module) -> int:
    """How many trainable numbers the model holds."""
    return sum(p.numel() for p in model.parameters())
