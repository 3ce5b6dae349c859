"""The embedder's graph: ShuffleNetV2, pooled in horizontal bands, one linear layer.

Print and colour of a pack change little from left to right as it turns on its axis, and much from top
to bottom, so features are pooled over the width and kept apart in bands of the height. Average and
maximum are both kept: the one carries colour, the other a small logo. Colour also reaches the end by
a path of its own from stride 8, since flavours of one brand often differ in nothing else.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from common.shufflenet import STAGE_CHANNELS, ShuffleNetV2
from packs.fit import HEIGHT, WIDTH

DIMENSION = 128
# Bands at strides 8, 16 and 32: the finer ones are one row of the map each, so that a word or a fruit counts where it stands.
BANDS = (4, 8, 4)


class Bands(nn.Module):
    """Average and maximum over the width, in `bands` bands of the height."""

    def __init__(self, stride: int, bands: int) -> None:
        super().__init__()
        kernel = (HEIGHT // stride // bands, WIDTH // stride)
        self.mean, self.peak = nn.AvgPool2d(kernel), nn.MaxPool2d(kernel)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat((self.mean(x).flatten(1), self.peak(x).flatten(1)), 1)


class PackEmbedder(nn.Module):
    """N×3×HEIGHT×WIDTH BGR, x / 255 → N×DIMENSION, not yet of unit length."""

    def __init__(self, backbone: ShuffleNetV2 | None = None) -> None:
        super().__init__()
        self.backbone = backbone or ShuffleNetV2()
        at8, at16, at32 = STAGE_CHANNELS
        self.pool8, self.pool16, self.pool32 = (Bands(stride, bands) for stride, bands in zip((8, 16, 32), BANDS))
        width = 2 * (at8 * BANDS[0] + at16 * BANDS[1] + at32 * BANDS[2])
        self.norm = nn.BatchNorm1d(width)
        self.drop = nn.Dropout(0.1)
        self.head = nn.Linear(width, DIMENSION)
        self.settle = nn.BatchNorm1d(DIMENSION, affine=False)

    def pooled(self, x: Tensor) -> Tensor:
        at8, at16, at32 = self.backbone(x)
        return torch.cat((self.pool8(at8), self.pool16(at16), self.pool32(at32)), 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.settle(self.head(self.drop(self.norm(self.pooled(x)))))


class Deployed(nn.Module):
    """The embedder with its batch norms folded into the linear layer; its vectors are not of unit length."""

    def __init__(self, embedder: PackEmbedder) -> None:
        super().__init__()
        self.embedder = embedder
        with torch.no_grad():
            before, head, after = embedder.norm, embedder.head, embedder.settle
            gain = before.weight / torch.sqrt(before.running_var + before.eps)
            shift = before.bias - before.running_mean * gain
            scale = 1 / torch.sqrt(after.running_var + after.eps)
            self.head = nn.Linear(head.in_features, head.out_features)
            self.head.weight.copy_(head.weight * gain * scale[:, None])
            self.head.bias.copy_((head.weight @ shift + head.bias - after.running_mean) * scale)

    def forward(self, x: Tensor) -> Tensor:
        # The agent brings the vector to unit length: OpenCV 4.6 has no layer for it.
        return self.head(self.embedder.pooled(x))
