"""Patches as `cooler-agent lane-patches` writes them, and what is done to them while training."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lanes.network import HEIGHT, WIDTH

SIZE = HEIGHT * WIDTH
RECORD = np.dtype([
    ("picture", "<u4"), ("condition", "u1"), ("packs", "u1"), ("view", "u1"), ("in_frame", "u1"),
    ("bgr", "u1", (HEIGHT, WIDTH, 3)), ("marks", "u1", (HEIGHT, WIDTH)), ("weak", "u1", (HEIGHT, WIDTH)),
])
CONDITIONS = ("clean", "jpeg", "fog", "glare", "dark", "over", "blur", "arm", "blocked")
FLOOR, BACK, INSIDE, FOUND = 2, 4, 8, 16


def read(paths: list[Path]) -> np.ndarray:
    """All records of the files, as one array."""
    return np.concatenate([np.fromfile(p, RECORD) for p in sorted(paths)])


def planes(records: np.ndarray) -> np.ndarray:
    """N x 9 x 96 x 64 float32, as Patch.Planes of vision/lane has it."""
    out = np.empty((len(records), 9, HEIGHT, WIDTH), np.float32)
    out[:, :3] = records["bgr"].transpose(0, 3, 1, 2) / np.float32(255)
    for k in range(5):
        out[:, 3 + k] = records["marks"] >> k & 1
    out[:, 8] = records["weak"] / np.float32(255)
    return out


def disturb(records: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Planes of the records, mirrored, with other light, noise, things in the way, and less that is known."""
    records = records.copy()
    for r in records:
        if rng.random() < 0.2:  # a mount of marks knows no depth
            r["marks"] &= 0xFF ^ (FLOOR | BACK)
        if rng.random() < 0.1:
            r["weak"] = 0
    x = planes(records)
    n = len(x)
    flip = rng.random(n) < 0.5
    x[flip] = x[flip, :, :, ::-1]
    inside = x[:, 6:7].copy()
    for i in np.flatnonzero(rng.random(n) < 0.5):  # the mount is known to a pixel or two only
        x[i, :3] = np.roll(x[i, :3], rng.integers(-2, 3, 2), (1, 2))
    grey = x[:, :3].mean(1, keepdims=True)
    pale = rng.uniform(-0.3, 0.8, (n, 1, 1, 1)) * (rng.random((n, 1, 1, 1)) < 0.5)
    x[:, :3] = np.clip(x[:, :3] + (grey - x[:, :3]) * pale, 0, 1)
    gain = np.exp(rng.normal(0, 0.35, (n, 1, 1, 1))) * np.exp(rng.normal(0, 0.1, (n, 3, 1, 1)))
    power = np.exp(rng.normal(0, 0.3, (n, 1, 1, 1)))
    noise = rng.normal(0, 1, (n, 3, HEIGHT, WIDTH)) * np.abs(rng.normal(0, 0.04, (n, 1, 1, 1)))
    light = rng.uniform(-0.15, 0.15, (n, 3, 1, 1)) * (rng.random((n, 1, 1, 1)) < 0.4)
    x[:, :3] = np.clip((x[:, :3] ** power) * gain + light + noise, 0, 1) * inside
    for i in np.flatnonzero(rng.random(n) < 0.3):
        soften(x[i, :3], rng)
    for i in np.flatnonzero(rng.random(n) < 0.3):
        cover(x[i, :3], rng)
    return x.astype(np.float32)


def cover(picture: np.ndarray, rng: np.random.Generator) -> None:
    """Lays a small patch of one colour on the picture, so that no single place decides."""
    high, wide = rng.integers(6, 24), rng.integers(4, 16)
    y, x = rng.integers(0, HEIGHT - high), rng.integers(0, WIDTH - wide)
    picture[:, y : y + high, x : x + wide] = rng.random((3, 1, 1))


def soften(picture: np.ndarray, rng: np.random.Generator) -> None:
    """Brings a picture down and up again, as a far camera or a lens out of focus does."""
    k = int(rng.integers(2, 4))
    small = picture[:, : HEIGHT // k * k, : WIDTH // k * k].reshape(3, HEIGHT // k, k, WIDTH // k, k).mean((2, 4))
    big = small.repeat(k, 1).repeat(k, 2)
    picture[:, : big.shape[1], : big.shape[2]] = big
