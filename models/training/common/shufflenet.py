"""The ShuffleNetV2 backbone both networks start from.

The layers and their names are those of FastestDet's ImageNet checkpoint (BSD-3), so that its state
dict loads as it is; the code is ours. Input is BGR, x / 255, no mean, as that checkpoint was trained.
The channel shuffle is written as two strided slices instead of reshape, transpose, reshape: the
exported graph then holds no height or width, and one file serves every input size.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

STAGE_CHANNELS = (48, 96, 192)
STAGE_BLOCKS = (4, 8, 4)
STEM_CHANNELS = 24


def conv_bn(inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1, relu: bool = True) -> list[nn.Module]:
    """A convolution without bias, its batch norm and, if asked for, a ReLU, as a flat list."""
    layers: list[nn.Module] = [
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
    ]
    if relu:
        layers.append(nn.ReLU(inplace=True))
    return layers


class Block(nn.Module):
    """One ShuffleNetV2 unit: with stride 2 both branches see all channels, with stride 1 half each."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        half = outputs // 2
        seen = inputs if stride == 2 else inputs // 2
        self.stride = stride
        self.branch_main = nn.Sequential(
            *conv_bn(seen, half, 1),
            *conv_bn(half, half, 3, stride, groups=half, relu=False),
            *conv_bn(half, outputs - seen, 1),
        )
        if stride == 2:
            self.branch_proj = nn.Sequential(
                *conv_bn(inputs, inputs, 3, 2, groups=inputs, relu=False),
                *conv_bn(inputs, inputs, 1),
            )

    def forward(self, x: Tensor) -> Tensor:
        if self.stride == 2:
            return torch.cat((self.branch_proj(x), self.branch_main(x)), 1)
        return torch.cat((x[:, 0::2], self.branch_main(x[:, 1::2])), 1)


class ShuffleNetV2(nn.Module):
    """Gives the feature maps at strides 8, 16 and 32 with STAGE_CHANNELS channels."""

    def __init__(self) -> None:
        super().__init__()
        self.first_conv = nn.Sequential(*conv_bn(3, STEM_CHANNELS, 3, 2))
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        inputs = STEM_CHANNELS
        for name, blocks, outputs in zip(("stage2", "stage3", "stage4"), STAGE_BLOCKS, STAGE_CHANNELS):
            stage = [Block(inputs, outputs, 2)]
            stage += [Block(outputs, outputs, 1) for _ in range(blocks - 1)]
            setattr(self, name, nn.Sequential(*stage))
            inputs = outputs

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x = self.maxpool(self.first_conv(x))
        at8 = self.stage2(x)
        at16 = self.stage3(at8)
        return at8, at16, self.stage4(at16)


def pretrained(checkpoint: Path) -> ShuffleNetV2:
    """The backbone with the weights of `checkpoint`; every key must fit."""
    backbone = ShuffleNetV2()
    backbone.load_state_dict(torch.load(checkpoint, map_location="cpu"), strict=True)
    return backbone
