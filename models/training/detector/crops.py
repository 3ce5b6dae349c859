"""Training samples: pieces of pictures at the scales the detector must master.

A piece is cut so that a facing chosen at random gets a height drawn from a log-uniform law, in
product photos from a uniform one; that covers small packs in wide views and close-up ones alike. What
the cut leaves of a box is kept where at least an eighth remains and something is to be seen, else the
place is left open (neither right nor wrong).
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import torch

from detector.boxes import encode
from detector.datasets import NO_BOXES, Example
from detector.weather import spoil

SMALLEST, LARGEST = 20.0, 520.0
# packs in product photos fill more of the picture, at least this share of a piece
LOOSE_SMALLEST = 0.2
KEPT = 0.12
# grey levels of spread in and around a box below which nobody can tell
LEAST_CONTRAST = 3.0


def pick_scale(example: Example, picture: np.ndarray, size: int, rng: np.random.Generator) -> float:
    """Picture pixels to input pixels."""
    height, width = picture.shape[:2]
    if len(example.facings) == 0:
        return float(size / max(height, width) * np.exp(rng.uniform(0, 1.2)))
    tall = float(np.median(example.facings[:, 3] - example.facings[:, 1]))
    if example.loose:
        wanted = rng.uniform(LOOSE_SMALLEST * size, 0.98 * size)
    else:
        wanted = np.exp(rng.uniform(np.log(SMALLEST * 1.3), np.log(min(LARGEST, 0.95 * size))))
    scale = wanted / max(tall, 4)
    # neither blown up beyond sense nor lost in a piece of padding
    return float(np.clip(scale, (0.4 if example.loose else 0.85) * size / max(height, width), 2.2))


def turn(picture: np.ndarray, example: Example, rng: np.random.Generator) -> tuple[np.ndarray, Example]:
    """Now and then upside down or lying on its side."""
    boxes = example.facings.copy()
    height, width = picture.shape[:2]
    if rng.random() < 0.3:
        picture = picture[::-1]
        boxes[:, [1, 3]] = height - boxes[:, [3, 1]]
    if rng.random() < 0.2:
        picture = picture.transpose(1, 0, 2)
        boxes = boxes[:, [1, 0, 3, 2]]
    return np.ascontiguousarray(picture), replace(example, facings=boxes)


def cut(boxes: np.ndarray, size: int, matrix: np.ndarray, mirrored: bool) -> tuple[np.ndarray, np.ndarray]:
    """Boxes in the piece's pixels, clipped, and the share of each that is left."""
    if len(boxes) == 0:
        return NO_BOXES, np.zeros(0, np.float32)
    corners = boxes.reshape(-1, 2, 2) * np.array([matrix[0, 0], matrix[1, 1]]) + matrix[:, 2]
    out = corners.reshape(-1, 4).astype(np.float32)
    if mirrored:
        out[:, [0, 2]] = size - out[:, [2, 0]]
    clipped = np.clip(out, 0, size)
    area = np.prod(out[:, 2:] - out[:, :2], axis=1)
    left = np.prod(np.maximum(clipped[:, 2:] - clipped[:, :2], 0), axis=1) / np.maximum(area, 1e-6)
    return clipped, left


def piece(example: Example, picture: np.ndarray, size: int, rng: np.random.Generator, spoilt: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """A size x size BGR piece of the example's picture, and its facings, others and unknown boxes."""
    if example.loose:
        picture, example = turn(picture, example, rng)
    height, width = picture.shape[:2]
    scale = pick_scale(example, picture, size, rng)
    stretch = np.exp(rng.normal(0, 0.08))
    sx, sy = scale * stretch, scale / stretch
    if len(example.facings) and rng.random() < 0.85:
        chosen = example.facings[int(rng.integers(len(example.facings)))]
        middle = np.array([(chosen[0] + chosen[2]) / 2 * sx, (chosen[1] + chosen[3]) / 2 * sy])
        origin = middle - rng.uniform(0.15, 0.85, 2) * size
    else:
        origin = rng.uniform(0, 1, 2) * np.array([width * sx - size, height * sy - size])
    loose = rng.uniform(0, 0.12) * size if rng.random() < 0.3 else 0.0
    room = np.array([width * sx, height * sy]) - size
    origin = np.clip(origin, np.minimum(room / 2, -loose), np.maximum(room / 2, room + loose))
    matrix = np.array([[sx, 0, -origin[0]], [0, sy, -origin[1]]])
    if min(sx, sy) < 0.6:
        shrunk = cv2.resize(picture, None, fx=sx, fy=sy, interpolation=cv2.INTER_AREA)
        shift = np.float32([[1, 0, -origin[0]], [0, 1, -origin[1]]])
        out = cv2.warpAffine(shrunk, shift, (size, size), flags=cv2.INTER_LINEAR, borderValue=_ground(rng))
    else:
        pixels = matrix.copy()
        pixels[:, 2] += np.array([0.5 * sx - 0.5, 0.5 * sy - 0.5])
        out = cv2.warpAffine(picture, pixels, (size, size), flags=cv2.INTER_LINEAR, borderValue=_ground(rng))
    mirrored = bool(rng.random() < 0.5)
    if mirrored:
        out = out[:, ::-1].copy()
    out = spoil(out, rng, spoilt)
    facings, left = cut(example.facings, size, matrix, mirrored)
    sound = (np.maximum(facings[:, 2] - facings[:, 0], facings[:, 3] - facings[:, 1]) >= 9) & tells(out, facings)
    others, left_others = cut(example.others, size, matrix, mirrored)
    unknown, left_unknown = cut(example.unknown, size, matrix, mirrored)
    open_places = np.concatenate([unknown[left_unknown > 0], facings[((left < KEPT) | ~sound) & (left > 0)]])
    return out, facings[(left >= KEPT) & sound], others[left_others > 0], open_places


def tells(picture: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Whether there is anything to see at each box: burnt out, pitch dark or fogged over is not."""
    grey = cv2.resize(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA).astype(np.float32)
    seen = []
    for x0, y0, x1, y1 in boxes.astype(int) // 4:
        part = grey[max(0, y0 - 1) : y1 + 2, max(0, x0 - 1) : x1 + 2]
        seen.append(cv2.meanStdDev(part)[1][0, 0] >= LEAST_CONTRAST)
    return np.array(seen, bool)


def _ground(rng: np.random.Generator) -> tuple[int, int, int]:
    level = int(rng.choice([0, 0, 114, 255]))
    return level, level, level


def sample(example: Example, picture: np.ndarray, size: int, rng: np.random.Generator, spoilt: float) -> dict[str, torch.Tensor]:
    """One training sample as tensors: the piece as uint8, the targets as encode gives them.

    `spoilt` is the share of pieces that get fog, glare and the like on top.
    """
    picture, facings, others, unknown = piece(example, picture, size, rng, spoilt)
    targets = encode(size, size, facings, np.full(len(facings), example.trust, np.float32), others, unknown)
    return {
        "image": torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1))),
        "heat": torch.from_numpy(targets.heat), "care": torch.from_numpy(targets.care.astype(np.float32)),
        "box": torch.from_numpy(targets.box), "weight": torch.from_numpy(targets.weight),
    }
