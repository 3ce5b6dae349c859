"""How a pack's box becomes the network's input, the same here and in the agent (vision/recognise).

The box, widened by MARGIN of its size on each side so that a cap or an edge that the detector cut is
kept, is scaled to fit HEIGHT × WIDTH with its aspect kept and centred on grey: the aspect tells a can
from a bottle. What lies outside the picture is grey too.
"""

from __future__ import annotations

import cv2
import numpy as np

HEIGHT, WIDTH = 128, 96
MARGIN = 0.03
GREY = 114


def fit(image: np.ndarray, box: tuple[float, float, float, float]) -> np.ndarray:
    """The input of one pack, HEIGHT × WIDTH × 3 BGR uint8; `box` is x, y, width, height in pixels."""
    x, y, w, h = box
    x, y, w, h = x - w * MARGIN, y - h * MARGIN, w * (1 + 2 * MARGIN), h * (1 + 2 * MARGIN)
    scale = min(WIDTH / w, HEIGHT / h)
    # One affine map from the box to its centred place; INTER_AREA does not exist for warps, so a
    # strong reduction is done first by resize, which averages.
    if scale < 0.5:
        factor = max(scale * 2, 1e-3)
        image = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        x, y, w, h, scale = x * factor, y * factor, w * factor, h * factor, scale / factor
    left, top = (WIDTH - w * scale) / 2, (HEIGHT - h * scale) / 2
    # Pixel centres lie at half: the map is exact in the frame where (0, 0) is a pixel's corner.
    to = np.array([[scale, 0, left - x * scale + 0.5 * scale - 0.5], [0, scale, top - y * scale + 0.5 * scale - 0.5]])
    out = cv2.warpAffine(image, to, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR, borderValue=(GREY, GREY, GREY))
    x0, y0 = int(round(left)), int(round(top))
    framed = np.full_like(out, GREY)
    framed[y0 : HEIGHT - y0, x0 : WIDTH - x0] = out[y0 : HEIGHT - y0, x0 : WIDTH - x0]
    return framed
