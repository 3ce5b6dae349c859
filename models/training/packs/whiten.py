"""Folds within-class whitening into a published embedder's last layer: no training, no cost in use.

    python3 -m packs.whiten --weights ../weights/packs/packs.onnx --crops crops.npz --out white.onnx

Directions in which crops of one product differ (light, pose, what covers them) count less, those in which
they agree count more: each vector is centred and multiplied by the inverse square root of the mean
within-product covariance of augmented crops, shrunk towards a multiple of the identity (Hatch, Kajarekar,
Stolcke 2006, "Within-class covariance normalization"; the shrinkage after Ledoit and Wolf 2004). Photos and
rendered packs differ in other ways, so each has its own covariance, and PHOTOS is the photos' share.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
import onnx
import torch
from onnx import numpy_helper

from packs.augment import augment
from packs.evaluate import Published

SEED = 4
PRODUCTS, CROPS_EACH, ROUNDS = 260, 4, 2
BATCH = 48


def crops_of(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Augmented inputs, their products, and which are photos: each photo and CROPS_EACH of PRODUCTS rendered
    ones, ROUNDS times."""
    data = np.load(path)
    pixels, ends, boxes, labels, kinds = (data[k] for k in ("bytes", "ends", "boxes", "labels", "kinds"))
    starts = np.concatenate(([0], ends[:-1]))
    rng = np.random.default_rng(SEED)
    both = np.intersect1d(labels[kinds == "scene"], labels[kinds == "reference"])
    chosen = rng.choice(both, min(PRODUCTS, len(both)), replace=False)
    images, products, photos = [], [], []
    for _ in range(ROUNDS):
        wanted = [(i, True) for i in np.where(kinds == "photo")[0]]
        for product in chosen:
            members = np.where(labels == product)[0]
            wanted += [(i, False) for i in rng.choice(members, CROPS_EACH, replace=len(members) < CROPS_EACH)]
        for i, photo in wanted:
            cut = cv2.imdecode(pixels[starts[i] : ends[i]], cv2.IMREAD_COLOR)
            images.append(augment(cut, tuple(boxes[i]), rng, photo))
            products.append(labels[i])
            photos.append(photo)
    return np.stack(images), np.array(products), np.array(photos)


def within(vectors: np.ndarray, products: np.ndarray) -> np.ndarray:
    """The mean covariance within a product."""
    sum_, count = np.zeros((vectors.shape[1],) * 2), 0
    for product in np.unique(products):
        members = vectors[products == product]
        away = members - members.mean(0)
        sum_, count = sum_ + away.T @ away, count + len(members) - 1
    return sum_ / max(count, 1)


def whitening(vectors: np.ndarray, products: np.ndarray, photos: np.ndarray, share: float, shrink: float) -> np.ndarray:
    """The matrix that a centred vector is multiplied by."""
    spread = share * within(vectors[photos], products[photos]) + (1 - share) * within(vectors[~photos], products[~photos])
    spread = (1 - shrink) * spread + shrink * np.trace(spread) / len(spread) * np.eye(len(spread))
    values, directions = np.linalg.eigh(spread)
    return directions @ np.diag(values**-0.5) @ directions.T


def fold(weights: Path, out: Path, matrix: np.ndarray, centre: np.ndarray) -> None:
    """Writes the network with `matrix` @ (vector - centre) in place of its vector."""
    model = onnx.load(str(weights))
    gemm = next(node for node in model.graph.node if node.op_type == "Gemm")
    values = {i.name: i for i in model.graph.initializer}
    weight, bias = (numpy_helper.to_array(values[name]).astype(np.float64) for name in gemm.input[1:])
    for name, value in zip(gemm.input[1:], (matrix @ weight, matrix @ (bias - centre))):
        values[name].CopyFrom(numpy_helper.from_array(value.astype(np.float32), name))
    onnx.checker.check_model(model)
    onnx.save(model, str(out))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--crops", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--photos", type=float, default=0.3)
    parser.add_argument("--shrink", type=float, default=0.3)
    args = parser.parse_args()
    network = Published(args.weights)
    images, products, photos = crops_of(args.crops)
    vectors = np.concatenate([
        network(torch.from_numpy(images[i : i + BATCH].transpose(0, 3, 1, 2).copy()).float() / 255).numpy()
        for i in range(0, len(images), BATCH)
    ]).astype(np.float64)
    matrix = whitening(vectors, products, photos, args.photos, args.shrink)
    fold(args.weights, args.out, matrix, vectors.mean(0))
    ours, wanted = Published(args.out), (vectors[:BATCH] - vectors.mean(0)) @ matrix
    got = ours(torch.from_numpy(images[:BATCH].transpose(0, 3, 1, 2).copy()).float() / 255).numpy()
    print(f"{len(vectors)} crops; the written network is {np.abs(got - wanted).max():.1e} away from what was computed")


if __name__ == "__main__":
    main()
