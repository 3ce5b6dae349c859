"""The lane network: a small convolutional network over nine planes, one logit out.

Input N x 9 x 96 x 64: blue, green, red (0 to 1), then the marks of vision/lane: front, floor, back, inside, found
(0 or 1), and the weak score (0 to 1). The logit is that of "nothing stands in this lane, front to back".
Convolution, ReLU, add, pooling and one linear layer only, so that OpenCV 4.6 takes it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

PLANES, HEIGHT, WIDTH = 9, 96, 64
CHANNELS = (24, 40, 64, 96)


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


class LaneNetwork(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        a, b, c, d = CHANNELS
        self.stem = nn.Sequential(*conv(PLANES, a, 5, 2))
        self.body = nn.Sequential(Stage(a, b), Stage(b, c), Stage(c, d))
        self.drop = nn.Dropout(0.4)
        self.head = nn.Linear(2 * d, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.body(self.stem(x))
        # the mean says what the lane is like, the maximum whether anything stands in it
        x = torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1)
        return self.head(self.drop(x)).flatten()


class Deployed(nn.Module):
    """What is exported: a probability, 1 x 1, with the pooling as layers."""

    def __init__(self, network: LaneNetwork) -> None:
        super().__init__()
        self.network = network
        size = (HEIGHT // 16, WIDTH // 16)
        self.mean, self.most = nn.AvgPool2d(size), nn.MaxPool2d(size)

    def forward(self, x: Tensor) -> Tensor:
        n = self.network
        x = n.body(n.stem(x))
        x = torch.cat([self.mean(x), self.most(x)], 1).flatten(1)
        return torch.sigmoid(n.head(x))
