"""The detector as the agent runs it, in Python: fit, pad, forward through OpenCV, decode, suppress."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from common import onnxfile
from detector.boxes import cells, suppress

SCORE_THRESHOLD = 0.3
NMS_IOU = 0.5
STRIDE_MULTIPLE = 32


@dataclass(frozen=True)
class Fit:
    """The longer side in input pixels: brought down to `most`, brought up to `least`, else left."""

    most: int = 1280
    least: int = 0

    def scale(self, width: int, height: int) -> float:
        """Picture pixels to input pixels."""
        side = max(width, height)
        return min(max(side, self.least), self.most) / side


class Detector:
    """Finds facings; boxes are x0, y0, x1, y1 in pixels of the picture given."""

    def __init__(self, path: Path, fit: Fit = Fit()) -> None:
        self.net = onnxfile.opencv(path)
        self.fit = fit

    def raw(self, picture: np.ndarray, scale: float) -> tuple[np.ndarray, np.ndarray]:
        """Heat and distances of the scaled picture, padded with black right and below."""
        height, width = picture.shape[:2]
        wide, high = max(1, round(width * scale)), max(1, round(height * scale))
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        small = picture if scale == 1 else cv2.resize(picture, (wide, high), interpolation=how)
        right, below = -wide % STRIDE_MULTIPLE, -high % STRIDE_MULTIPLE
        small = cv2.copyMakeBorder(small, 0, below, 0, right, cv2.BORDER_CONSTANT)
        self.net.setInput(cv2.dnn.blobFromImage(small, 1 / 255), "image")
        heat, ltrb = self.net.forward(["heat", "ltrb"])
        return heat[0, 0], ltrb[0]

    def find(self, picture: np.ndarray, threshold: float = SCORE_THRESHOLD) -> tuple[np.ndarray, np.ndarray]:
        """Boxes and scores, best first."""
        height, width = picture.shape[:2]
        scale = self.fit.scale(width, height)
        sx, sy = max(1, round(width * scale)) / width, max(1, round(height * scale)) / height
        boxes, scores = cells(*self.raw(picture, scale), threshold)
        boxes = np.clip(boxes / [sx, sy, sx, sy], 0, [width, height, width, height])
        return suppress(boxes, scores, NMS_IOU)
