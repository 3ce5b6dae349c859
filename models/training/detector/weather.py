"""What a cooler's camera suffers: fog, glare, darkness, blur, too much light, hard compression.

Each effect takes and gives a BGR uint8 picture and never moves anything, so boxes stay true.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

Picture = np.ndarray


def clouds(rng: np.random.Generator, height: int, width: int, cells: int) -> np.ndarray:
    """Smooth noise, 0 to 1, about `cells` lumps across."""
    coarse = rng.random((max(2, cells * height // width), max(2, cells))).astype(np.float32)
    return np.clip(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), 0, 1)


def fog(picture: Picture, rng: np.random.Generator) -> Picture:
    """Condensation on the glass: soft, pale, in patches."""
    h, w = picture.shape[:2]
    soft = cv2.GaussianBlur(picture, (0, 0), rng.uniform(1.5, 6)).astype(np.float32)
    thick = np.clip(clouds(rng, h, w, int(rng.integers(2, 6))) * rng.uniform(0.4, 1.2) + rng.uniform(-0.1, 0.4), 0, 1)[..., None]
    white = rng.uniform(150, 240) + rng.normal(0, 4, 3)
    haze = soft * (1 - rng.uniform(0.3, 0.7)) + white * rng.uniform(0.3, 0.7)
    return np.clip(picture * (1 - thick) + haze * thick, 0, 255).astype(np.uint8)


def glare(picture: Picture, rng: np.random.Generator) -> Picture:
    """Lamps mirrored in the door: bright slabs and streaks."""
    h, w = picture.shape[:2]
    light = np.zeros((h, w, 3), np.float32)
    tint = np.array([rng.uniform(0.85, 1.0), rng.uniform(0.9, 1.0), 1.0]) * rng.uniform(120, 300)
    for _ in range(int(rng.integers(1, 7))):
        centre = (rng.uniform(0, w), rng.uniform(0, h))
        size = (rng.uniform(0.03, 0.3) * w, rng.uniform(0.01, 0.15) * h)
        corners = cv2.boxPoints((centre, size, rng.normal(0, 25))).astype(np.int32)
        cv2.fillPoly(light, [corners], tuple(tint))
    light = cv2.GaussianBlur(light, (0, 0), rng.uniform(1, 12))
    if rng.random() < 0.4:
        light += clouds(rng, h, w, 4)[..., None] * rng.uniform(10, 60)
    return np.clip(picture + light, 0, 255).astype(np.uint8)


def dark(picture: Picture, rng: np.random.Generator) -> Picture:
    """Little light and a sensor turned up: dim, noisy, drained of colour."""
    level = rng.uniform(0.15, 0.6)
    dim = picture.astype(np.float32) * level
    grains = noise(rng, *picture.shape[:2]) * rng.uniform(3, 14)
    if rng.random() < 0.5:
        grains = cv2.GaussianBlur(grains, (0, 0), rng.uniform(0.5, 1.2)) * 1.8
    grey = dim.mean(2, keepdims=True)
    dim = dim + (grey - dim) * rng.uniform(0, 0.7)
    return np.clip((dim + grains) * rng.uniform(1.0, 1.6), 0, 255).astype(np.uint8)


def over(picture: Picture, rng: np.random.Generator) -> Picture:
    """Over-exposed, highlights gone and bleeding."""
    bright = picture.astype(np.float32) * rng.uniform(1.4, 3.2) + rng.uniform(0, 30)
    bleed = cv2.GaussianBlur(np.maximum(bright - 255, 0), (0, 0), rng.uniform(2, 10))
    return np.clip(bright + bleed * rng.uniform(0, 0.8), 0, 255).astype(np.uint8)


def blur(picture: Picture, rng: np.random.Generator) -> Picture:
    """Out of focus, or moved while the shutter was open."""
    if rng.random() < 0.5:
        return cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.6, 3.5))
    length = int(rng.integers(3, 16))
    kernel = np.zeros((length, length), np.float32)
    angle = rng.uniform(0, np.pi)
    reach = (length - 1) / 2
    ends = [(int(round(reach + s * reach * np.cos(angle))), int(round(reach + s * reach * np.sin(angle)))) for s in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], 1.0)
    return cv2.filter2D(picture, -1, kernel / kernel.sum())


def squeeze(picture: Picture, rng: np.random.Generator) -> Picture:
    """Through a JPEG with few bits."""
    _, packed = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(12, 70))])
    return cv2.imdecode(packed, cv2.IMREAD_COLOR)


@lru_cache(maxsize=1)
def noise_sheet() -> np.ndarray:
    """A sheet of normal noise that noisy pictures take windows of; drawing it anew each time is dear."""
    return np.random.default_rng(11).normal(0, 1, (1024, 1024, 3)).astype(np.float32)


def noise(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Normal noise of deviation 1, height x width x 3, at most 1,000 pixels a side."""
    y, x = (int(v) for v in rng.integers(0, (1025 - height, 1025 - width)))
    return noise_sheet()[y : y + height, x : x + width]


def grain(picture: Picture, rng: np.random.Generator) -> Picture:
    """Sensor noise."""
    grains = noise(rng, *picture.shape[:2])
    return cv2.add(picture.astype(np.float32), grains * rng.uniform(2, 14)).clip(0, 255).astype(np.uint8)


def tone(picture: Picture, rng: np.random.Generator) -> Picture:
    """White balance, gamma, contrast: one table per channel."""
    levels = np.arange(256, dtype=np.float32) / 255
    curve = levels ** np.exp(rng.normal(0, 0.25))
    mean = float(picture.mean()) / 255
    curve = (curve - mean) * np.exp(rng.normal(0, 0.2)) + mean + rng.normal(0, 0.06)
    tables = np.stack([curve * np.exp(rng.normal(0, 0.08)) for _ in range(3)], 1)
    return cv2.LUT(picture, np.clip(tables * 255, 0, 255).astype(np.uint8).reshape(256, 1, 3))


HARD = (fog, glare, dark, over, blur, squeeze)


def spoil(picture: Picture, rng: np.random.Generator, share: float) -> Picture:
    """Slightly changed always, badly spoilt in `share` of the cases, twice over in a few of them."""
    if rng.random() < 0.8:
        picture = tone(picture, rng)
    if rng.random() < 0.1:
        picture = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    hard = rng.random()
    if hard < share:
        picture = HARD[int(rng.integers(len(HARD)))](picture, rng)
    if hard < share * 0.2:
        picture = HARD[int(rng.integers(len(HARD)))](picture, rng)
    if rng.random() < 0.3:
        picture = grain(picture, rng)
    if rng.random() < 0.15:
        picture = squeeze(picture, rng)
    return picture
