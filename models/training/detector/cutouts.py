"""Cut-outs and scraps of real photos: packs on plain ground become sprites, the rest label scraps.

Only training halves are read. A cut-out is kept where the ground floods cleanly to the pack's
outline; everything else is of use as a scrap of texture only.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from detector.labels import Picture
from detector.packs import Sprite

SPRITE_HEIGHT = 260


def cut_out(picture: Picture, tolerance: int = 14) -> Sprite | None:
    """The pack on plain ground in `picture`, tight, or None where ground and pack do not part."""
    h, w = picture.shape[:2]
    padded = cv2.copyMakeBorder(picture, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    mask = np.zeros((h + 4, w + 4), np.uint8)
    flags = 4 | cv2.FLOODFILL_MASK_ONLY | (255 << 8)
    for seed in ((0, 0), (w + 1, 0), (0, h + 1), (w + 1, h + 1), (w // 2, 0), (0, h // 2), (w + 1, h // 2)):
        if mask[seed[1] + 1, seed[0] + 1] == 0:
            cv2.floodFill(padded, mask, seed, 0, (tolerance,) * 3, (tolerance,) * 3, flags)
    solid = (mask[2:-2, 2:-2] == 0).astype(np.uint8)
    solid = cv2.morphologyEx(solid, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    count, marks, stats, _ = cv2.connectedComponentsWithStats(solid)
    if count < 2:
        return None
    biggest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    x, y, bw, bh, area = stats[biggest]
    fill = area / max(1, bw * bh)
    share = bw * bh / (w * h)
    if fill < 0.82 or share < 0.1 or bh < 60 or bw < 25 or not 1.35 < bh / bw < 4.5:
        return None
    alpha = (marks[y : y + bh, x : x + bw] == biggest).astype(np.uint8) * 255
    alpha = cv2.morphologyEx(alpha, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    alpha = cv2.erode(alpha, np.ones((3, 3), np.uint8), borderValue=255)
    sprite = np.dstack([picture[y : y + bh, x : x + bw], alpha])
    scale = SPRITE_HEIGHT / bh
    return cv2.resize(sprite, (max(8, int(bw * scale)), SPRITE_HEIGHT), interpolation=cv2.INTER_AREA)


def plain_border(picture: Picture, box: tuple[int, int, int, int]) -> bool:
    """Whether the rim of `box` looks like one plain ground."""
    x0, y0, x1, y1 = box
    part = picture[y0:y1, x0:x1]
    corners = np.concatenate([part[:4, :4].reshape(-1, 3), part[:4, -4:].reshape(-1, 3)]).astype(np.float32)
    return bool(len(corners) and corners.std(0).max() < 12)


def read_cut_outs(data: Path) -> list[Sprite]:
    """Sprites from the cartons' iconic pictures and from beverage3's training photos."""
    sprites = []
    for path in sorted((data / "grocerystore-packages" / "iconic").glob("*.jpg")):
        sprite = cut_out(cv2.imread(str(path)))
        if sprite is not None:
            sprites.append(sprite)
    for path in sorted((data / "beverage3" / "train" / "images").glob("*.jpg")):
        picture = cv2.imread(str(path))
        h, w = picture.shape[:2]
        rows = (path.parents[1] / "labels" / (path.stem + ".txt")).read_text().split("\n")
        for row in rows:
            if not row.strip():
                continue
            _, cx, cy, bw, bh = map(float, row.split())
            grow = 1.06
            box = (
                max(0, int((cx - bw * grow / 2) * w)), max(0, int((cy - bh * grow / 2) * h)),
                min(w, int((cx + bw * grow / 2) * w)), min(h, int((cy + bh * grow / 2) * h)),
            )
            if box[3] - box[1] < 120 or bw > 0.75 * bh or not plain_border(picture, box):
                continue
            sprite = cut_out(picture[box[1] : box[3], box[0] : box[2]])
            if sprite is not None and sprite[..., 3].mean() > 0.82 * 255 and _fills(sprite, box):
                sprites.append(sprite)
    return sprites


def _fills(sprite: Sprite, box: tuple[int, int, int, int]) -> bool:
    """Whether the cut-out kept the shape of its labelled box, so that no part was flooded away."""
    h, w = sprite.shape[:2]
    return abs(np.log((h / w) / ((box[3] - box[1]) / max(1, box[2] - box[0])))) < 0.2


def read_scraps(data: Path, rng: np.random.Generator, count: int = 800) -> list[Picture]:
    """Square pieces of training photos, 48 to 160 pixels, for label art and for things in the room."""
    paths = sorted((data / "grocerystore-packages" / "train").rglob("*.jpg"))
    paths += sorted((data / "beverage3" / "train" / "images").glob("*.jpg"))
    scraps = []
    for index in rng.choice(len(paths), min(count, len(paths)), replace=False):
        picture = cv2.imread(str(paths[index]))
        h, w = picture.shape[:2]
        side = int(rng.integers(48, min(160, h, w)))
        y, x = int(rng.integers(0, h - side)), int(rng.integers(0, w - side))
        scraps.append(picture[y : y + side, x : x + side].copy())
    return scraps


def read_backdrops(data: Path, rng: np.random.Generator, count: int = 60) -> list[Picture]:
    """Frames of a passage with people: rooms to stand coolers in, and pictures without any facing."""
    capture = cv2.VideoCapture(str(data / "videos" / "one-by-one-person-detection.mp4"))
    total = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    frames = []
    for at in sorted(rng.choice(max(total, 1), min(count, total), replace=False)):
        capture.set(cv2.CAP_PROP_POS_FRAMES, int(at))
        read, frame = capture.read()
        if read:
            frames.append(frame)
    capture.release()
    return frames
