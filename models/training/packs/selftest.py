"""Checks of the embedder's parts that take seconds: python3 -m packs.selftest"""

from __future__ import annotations

import sys

import numpy as np
import torch

from packs.augment import augment, turned
from packs.collect import content_box
from packs.evaluate import name
from packs.fit import GREY, HEIGHT, WIDTH, fit
from packs.network import DIMENSION, Deployed, PackEmbedder
from packs.whiten import whitening, within


def fit_keeps_shape() -> None:
    """A tall white box becomes a tall white bar in the middle, with grey on both sides."""
    image = np.zeros((400, 400, 3), np.uint8)
    image[100:300, 150:200] = 255
    out = fit(image, (150, 100, 50, 200))
    assert out.shape == (HEIGHT, WIDTH, 3), out.shape
    assert (out[:, :20] == GREY).all() and (out[:, -20:] == GREY).all()
    assert out[HEIGHT // 2, WIDTH // 2].min() == 255


def content_is_found() -> None:
    image = np.full((256, 120, 3), 200, np.uint8)
    image[40:240, 30:90] = (10, 20, 160)
    assert content_box(image) == (30, 40, 60, 200), content_box(image)


def augmentation_is_seeded() -> None:
    image = np.random.default_rng(1).integers(0, 256, (200, 120, 3)).astype(np.uint8)
    first, again = (augment(image, (20, 20, 80, 160), np.random.default_rng(7), False) for _ in range(2))
    assert first.shape == (HEIGHT, WIDTH, 3) and (first == again).all()


def deployed_answers_alike() -> None:
    """Folding the batch norms changes nothing but rounding."""
    torch.manual_seed(3)
    model = PackEmbedder()
    model.train()(torch.rand(8, 3, HEIGHT, WIDTH))  # statistics that are not 0 and 1
    model.eval()
    x = torch.rand(2, 3, HEIGHT, WIDTH)
    with torch.no_grad():
        away = (model(x) - Deployed(model)(x)).abs().max()
    assert model(x).shape == (2, DIMENSION) and away < 1e-3, away


def nearest_references_name() -> None:
    gallery = np.eye(4, dtype=np.float32)[[0, 0, 1, 1]]
    named, score = name(gallery, np.array(["a", "a", "b", "b"]), np.array([[0.9, 0.1, 0, 0]], np.float32))
    assert named[0] == "a" and abs(score[0] - 0.9) < 1e-6


def a_turned_photo_keeps_its_pack() -> None:
    """However a photo is turned and cut, most of the box lies where the pack was."""
    image, rng = np.zeros((240, 240, 3), np.uint8), np.random.default_rng(2)
    image[40:200, 80:160] = 255
    seen = []
    for _ in range(50):
        cut, (x, y, w, h) = turned(image, (80, 40, 80, 160), rng)
        x0, y0, x1, y1 = (int(round(v)) for v in (max(x, 0), max(y, 0), min(x + w, 240), min(y + h, 240)))
        seen.append(cut[y0:y1, x0:x1].mean() / 255)
    assert np.mean(seen) > 0.7, np.mean(seen)


def whitening_makes_products_round() -> None:
    """Where products vary ten times as much in one direction, all directions vary alike afterwards."""
    rng = np.random.default_rng(1)
    products, photos = np.repeat(np.arange(60), 20), np.repeat(np.arange(60) % 2 == 0, 20)
    vectors = rng.normal(size=(60, 4))[products] + rng.normal(size=(1200, 4)) * (10, 1, 1, 1)
    spread = within(vectors @ whitening(vectors, products, photos, 0.5, 0.0), products)
    assert np.abs(spread - np.eye(4)).max() < 0.1, spread


def main() -> int:
    checks = [a_turned_photo_keeps_its_pack, whitening_makes_products_round, fit_keeps_shape, content_is_found, augmentation_is_seeded, deployed_answers_alike, nearest_references_name]
    for check in checks:
        check()
        print(f"ok {check.__name__}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
