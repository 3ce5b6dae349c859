"""Boxes to targets and back: the codec, the loss on boxes, non-maximum suppression.

Boxes are x0, y0, x1, y1 in pixels of the network's input, pixel edges (a box of one pixel at the
origin is 0, 0, 1, 1). Cell (row, column) of a map has its middle at ((column + 0.5) * STRIDE,
(row + 0.5) * STRIDE). The heat target is 1 at the cell that holds a box's middle and falls off as an
axis-parallel Gaussian as wide as the box (Liu et al., Training-Time-Friendly Network, 2019).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from detector.network import STRIDE

# the Gaussian reaches this share of the box, as in the paper
REACH = 0.54
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


def gaussian(rows: np.ndarray, cols: np.ndarray, row: int, col: int, box: np.ndarray) -> np.ndarray:
    """The bump of one box around its cell."""
    sigma_x = max(REACH * (box[2] - box[0]) / STRIDE / 6, 0.35)
    sigma_y = max(REACH * (box[3] - box[1]) / STRIDE / 6, 0.35)
    return np.exp(-((cols - col) ** 2) / (2 * sigma_x**2))[None] * np.exp(-((rows - row) ** 2) / (2 * sigma_y**2))[:, None]


def encode(height: int, width: int, boxes: np.ndarray, weights: np.ndarray, others: np.ndarray, unknown: np.ndarray) -> Targets:
    """Targets of one picture.

    `boxes` are the facings, `weights` how much each box is to be trusted; around the middles of
    `others` (packs behind the front one) mistakes count less, around those of `unknown` nothing.
    """
    h, w = height // STRIDE, width // STRIDE
    out = Targets(np.zeros((h, w), np.float32), np.ones((h, w), np.float32), np.zeros((4, h, w), np.float32), np.zeros((h, w), np.float32))
    rows, cols = np.arange(h), np.arange(w)
    x, y = (cols + 0.5) * STRIDE, (rows + 0.5) * STRIDE
    for group, least in ((others, 0.4), (unknown, 0.0)):
        for box in group:
            row, col = _cell(box, h, w)
            out.care = np.minimum(out.care, 1 - (1 - least) * (gaussian(rows, cols, row, col, box) > 0.25))
    # large boxes first, so that a small one in front of them keeps its own cells
    order = np.argsort(-((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]))) if len(boxes) else []
    for index in order:
        box = boxes[index]
        row, col = _cell(box, h, w)
        bump = gaussian(rows, cols, row, col, box).astype(np.float32)
        better = bump > 0.3
        out.heat = np.maximum(out.heat, bump)
        out.care[bump > 0.3] = 1.0
        distances = np.stack(np.broadcast_arrays((x - box[0])[None], (y - box[1])[:, None], (box[2] - x)[None], (box[3] - y)[:, None]))
        better &= distances.min(0) > 0.5
        better[row, col] = True
        out.box[:, better] = np.maximum(distances[:, better], 0.5)
        out.weight[better] = (bump[better] / bump[better].sum()) * weights[index]
        out.heat[row, col] = 1.0
    return out


def _cell(box: np.ndarray, h: int, w: int) -> tuple[int, int]:
    col = int(np.clip((box[0] + box[2]) / 2 // STRIDE, 0, w - 1))
    row = int(np.clip((box[1] + box[3]) / 2 // STRIDE, 0, h - 1))
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
