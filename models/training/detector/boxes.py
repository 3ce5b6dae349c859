"""Boxes to targets and back: the codec, the loss on boxes, non-maximum suppression.

Boxes are x0, y0, x1, y1 in pixels of the network's input, pixel edges (a box of one pixel at the
origin is 0, 0, 1, 1). Cell (row, column) of a map has its middle at ((column + 0.5) * STRIDE,
(row + 0.5) * STRIDE). The heat target is 1 at the cell that holds a box's middle and falls off as an
axis-parallel Gaussian as wide as the box (Liu et al., Training-Time-Friendly Network, 2019).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from detector.network import STRIDE

# the Gaussian reaches this share of the box, as in the paper
REACH = 0.54
# how much it costs to take a pack behind the front one for a facing, against any other place
CARE_BEHIND = 0.3
# what one picture can put into the suppression, as in the agent
MAX_CANDIDATES = 4000
VOTE = 0.7


@dataclass
class Targets:
    """What the network should say for one picture, each map H/8 x W/8."""

    heat: np.ndarray  # 0..1
    care: np.ndarray  # weight of the heat loss; 0 where nobody knows
    box: np.ndarray  # 4 x H/8 x W/8, distances in pixels
    weight: np.ndarray  # weight of the box loss, 0 outside of boxes


def bump(box: np.ndarray, row: int, col: int, h: int, w: int, least: float) -> tuple[slice, slice, np.ndarray]:
    """The Gaussian of one box around its cell, and the window of the map where it exceeds `least`."""
    sigma_x = max(REACH * float(box[2] - box[0]) / STRIDE / 6, 0.35)
    sigma_y = max(REACH * float(box[3] - box[1]) / STRIDE / 6, 0.35)
    reach = math.sqrt(-2 * math.log(least))
    dx, dy = int(reach * sigma_x), int(reach * sigma_y)
    top, bottom, left, right = max(row - dy, 0), min(row + dy + 1, h), max(col - dx, 0), min(col + dx + 1, w)
    across = np.exp(-((np.arange(left, right) - col) ** 2) / (2 * sigma_x**2))
    down = np.exp(-((np.arange(top, bottom) - row) ** 2) / (2 * sigma_y**2))
    return slice(top, bottom), slice(left, right), (down[:, None] * across).astype(np.float32)


def encode(height: int, width: int, boxes: np.ndarray, weights: np.ndarray, others: np.ndarray, unknown: np.ndarray) -> Targets:
    """Targets of one picture.

    `boxes` are the facings, `weights` how much each box is to be trusted; around the middles of
    `others` (packs behind the front one) mistakes count less, around those of `unknown` nothing.
    """
    h, w = height // STRIDE, width // STRIDE
    out = Targets(np.zeros((h, w), np.float32), np.ones((h, w), np.float32), np.zeros((4, h, w), np.float32), np.zeros((h, w), np.float32))
    for group, care in ((others, CARE_BEHIND), (unknown, 0.0)):
        for box in group:
            rows, cols, _ = bump(box, *_cell(box, h, w), h, w, 0.25)
            out.care[rows, cols] = np.minimum(out.care[rows, cols], care)
    # large boxes first, so that a small one in front of them keeps its own cells
    order = np.argsort(-((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]))) if len(boxes) else []
    for index in order:
        x0, y0, x1, y1 = map(float, boxes[index])
        row, col = _cell(boxes[index], h, w)
        rows, cols, hill = bump(boxes[index], row, col, h, w, 0.01)
        out.heat[rows, cols] = np.maximum(out.heat[rows, cols], hill)
        rows, cols, hill = bump(boxes[index], row, col, h, w, 0.3)
        out.care[rows, cols] = 1.0
        x = (np.arange(cols.start, cols.stop, dtype=np.float32) + 0.5)[None] * STRIDE + np.zeros_like(hill)
        y = (np.arange(rows.start, rows.stop, dtype=np.float32) + 0.5)[:, None] * STRIDE + np.zeros_like(hill)
        distances = np.stack([x - x0, y - y0, x1 - x, y1 - y])
        inside = distances.min(0) > 0.5
        inside[row - rows.start, col - cols.start] = True
        box = out.box[:, rows, cols]
        box[:, inside] = np.maximum(distances[:, inside], 0.5)
        weight = out.weight[rows, cols]
        weight[inside] = hill[inside] / hill[inside].sum() * weights[index]
        out.heat[row, col] = 1.0
    return out


def _cell(box: np.ndarray, h: int, w: int) -> tuple[int, int]:
    col = min(max(int((float(box[0]) + float(box[2])) / 2 // STRIDE), 0), w - 1)
    row = min(max(int((float(box[1]) + float(box[3])) / 2 // STRIDE), 0), h - 1)
    return row, col


def heat_loss(logits: Tensor, heat: Tensor, care: Tensor) -> Tensor:
    """CenterNet's focal loss, per facing."""
    logits, heat, care = logits.squeeze(1), heat, care
    positive = heat.eq(1).float()
    log_yes, log_no = torch.nn.functional.logsigmoid(logits), torch.nn.functional.logsigmoid(-logits)
    chance = torch.sigmoid(logits)
    hit = (1 - chance) ** 2 * log_yes * positive
    miss = (1 - heat) ** 4 * chance**2 * log_no * (1 - positive) * care
    return -(hit.sum() + miss.sum()) / positive.sum().clamp(min=1)


def box_loss(distances: Tensor, wanted: Tensor, weight: Tensor) -> Tensor:
    """Weighted mean of 1 - GIoU (Rezatofighi et al. 2019) of boxes that share the cell's middle."""
    where = weight > 0
    if not bool(where.any()):
        return distances.sum() * 0
    ours = distances.permute(0, 2, 3, 1)[where]
    theirs = wanted.permute(0, 2, 3, 1)[where]
    lower, upper = torch.minimum(ours, theirs), torch.maximum(ours, theirs)
    common = (lower[:, 0] + lower[:, 2]) * (lower[:, 1] + lower[:, 3])
    hull = (upper[:, 0] + upper[:, 2]) * (upper[:, 1] + upper[:, 3])
    union = (ours[:, 0] + ours[:, 2]) * (ours[:, 1] + ours[:, 3]) + (theirs[:, 0] + theirs[:, 2]) * (theirs[:, 1] + theirs[:, 3]) - common
    giou = common / union - (hull - union) / hull
    share = weight[where]
    return ((1 - giou) * share).sum() / share.sum()


def cells(heat: np.ndarray, ltrb: np.ndarray, threshold: float) -> tuple[np.ndarray, np.ndarray]:
    """Boxes and scores of all cells at or above the threshold, best first, as the agent reads them."""
    rows, cols = np.nonzero(heat >= threshold)
    scores = heat[rows, cols]
    order = np.argsort(-scores, kind="stable")[:MAX_CANDIDATES]
    rows, cols = rows[order], cols[order]
    x, y = (cols + 0.5) * STRIDE, (rows + 0.5) * STRIDE
    left, top, right, bottom = ltrb[:, rows, cols]
    return np.stack([x - left, y - top, x + right, y + bottom], 1), scores[order]


def overlap(one: np.ndarray, many: np.ndarray) -> np.ndarray:
    """Intersection over union of a box with each of many."""
    if len(many) == 0:
        return np.zeros(0)
    low, high = np.maximum(one[:2], many[:, :2]), np.minimum(one[2:], many[:, 2:])
    common = np.prod(np.clip(high - low, 0, None), axis=1)
    area = np.prod(one[2:] - one[:2]) + np.prod(many[:, 2:] - many[:, :2], axis=1) - common
    return common / np.maximum(area, 1e-9)


def suppress(boxes: np.ndarray, scores: np.ndarray, iou: float) -> tuple[np.ndarray, np.ndarray]:
    """Greedy non-maximum suppression of boxes sorted best first.

    A kept box becomes the score-weighted mean of those it stands for, its own and the ones that
    overlap it by more than VOTE (Gidaris and Komodakis 2015), as in the agent.
    """
    rest = np.arange(len(boxes))
    kept, merged = [], []
    while len(rest):
        best = rest[0]
        shares = overlap(boxes[best], boxes[rest])
        shares[0] = 1.0
        voters = rest[shares > VOTE]
        kept.append(best)
        merged.append(np.average(boxes[voters], axis=0, weights=scores[voters]))
        rest = rest[shares <= iou]
    return np.array(merged, np.float64).reshape(-1, 4), scores[np.array(kept, int)]
