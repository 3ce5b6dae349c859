"""The open set: what the agent makes of packs that nobody enrolled, over the threshold, against what it costs known ones.

    python3 -m packs.openset --weights ../weights/packs/packs.onnx --coolers DIR… --lead 0.02

Facings of each set (cooler-val's format, truth boxes, at least 60 % visible) are named as the agent names
them (vision/gallery): references by the mean of three parts, a facing as a whole, and where that leaves a doubt by its
parts too. Known: all products enrolled. Sisters: a product that is left out while its look-alikes of the set are
enrolled, the hard case. Foreign: facings of the other sets. A row is one threshold.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import cv2
import numpy as np
import torch

from packs.collect import content_box
from packs.evaluate import Published, embed, load
from packs.fit import fit

# As in vision/gallery.
PARTS = ((0, 0, 1, 1), (0, 0, 1, 0.7), (0, 0.3, 1, 0.7))
NEIGHBOURS, SOFTNESS, BONUS = 5, 0.05, 0.02
SURE_SHARE, SURE_LEAD = 0.35, 0.06
MIN_VISIBLE, MIN_HEIGHT = 0.6, 20
THRESHOLDS = (0.20, 0.25, 0.30, 0.35, 0.40, 0.45, 0.50, 0.55, 0.60, 0.70)


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


class Set:
    """A set's references and facings, embedded."""

    def __init__(self, model: torch.nn.Module, folder: Path) -> None:
        self.name = folder.name
        references, labels = [], []
        for path in sorted(folder.glob("references/*/*.jpg")):
            picture = cv2.imread(str(path))
            references += parts_of(picture, content_box(picture))
            labels.append(path.parent.name)
        truth = json.loads((folder / "instances.json").read_text())
        crops, wanted = [], []
        for image in truth["images"]:
            picture = cv2.imread(str(folder / image["file_name"]))
            for a in truth["annotations"]:
                seen = a["facing"] and not a["ignore"] and a["visible_fraction"] >= MIN_VISIBLE and a["bbox"][3] >= MIN_HEIGHT
                if a["image_id"] == image["id"] and seen:
                    crops += parts_of(picture, tuple(a["bbox"]))
                    wanted.append(a["gtin"])
        self.labels, self.wanted = np.array(labels), np.array(wanted)
        self.references = unit(embed(model, references).reshape(len(labels), len(PARTS), -1).mean(1))
        self.facings = embed(model, crops).reshape(len(wanted), len(PARTS), -1)


def parts_of(picture: np.ndarray, box: tuple[float, float, float, float]) -> list[np.ndarray]:
    x, y, w, h = box
    return [fit(picture, (x + a * w, y + b * h, c * w, d * h)) for a, b, c, d in PARTS]


def match(cosine: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gallery.Match: each query's product, its similarity and its lead."""
    products = np.unique(labels)
    order = np.argsort(-cosine, 1, kind="stable")
    nearest = np.take_along_axis(cosine, order[:, :1], 1)
    top = np.stack([cosine[:, labels == p].max(1) for p in products], 1)
    votes = np.zeros_like(top)
    for rank in range(min(NEIGHBOURS, cosine.shape[1])):
        at = order[:, rank]
        value = np.take_along_axis(cosine, at[:, None], 1)[:, 0]
        product = np.searchsorted(products, labels[at])
        rows = np.arange(len(cosine))
        first = value == top[rows, product]
        votes[rows, product] += np.where(first, 0, BONUS * np.exp((value - nearest[:, 0]) / SOFTNESS) * np.maximum(top[rows, product], 0))
    score = top + votes
    best = score.argmax(1)
    rows, ranked = np.arange(len(score)), np.sort(score, 1)
    lead = ranked[:, -1] - ranked[:, -2] if score.shape[1] > 1 else np.ones(len(score))
    return products[best], top[rows, best], lead


def name(references: np.ndarray, labels: np.ndarray, facings: np.ndarray, threshold: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Recogniser.Name: by the whole, and where that is not sure by all parts."""
    product, similarity, lead = match(facings[:, 0] @ references.T, labels)
    again = (similarity < threshold + SURE_SHARE * (1 - threshold)) | (lead < SURE_LEAD)
    if again.any():
        answers = match(unit(facings[again].mean(1)) @ references.T, labels)
        for whole, closer in zip((product, similarity, lead), answers):
            whole[again] = closer
    return product, similarity, lead


def row(sets: list[Set], threshold: float, lead: float) -> dict[str, float]:
    """The shares at one threshold, each set counting alike."""
    shares: dict[str, list[float]] = {}

    def told(where: str, named: np.ndarray) -> None:
        shares.setdefault(where, []).append(float(named.mean()))

    for s in sets:
        product, similarity, ahead = name(s.references, s.labels, s.facings, threshold)
        named = (similarity >= threshold) & (ahead >= lead)
        told("right", named & (product == s.wanted))
        told("wrong", named & (product != s.wanted))
        told("unknown", ~named)
        sisters = []
        for left_out in np.unique(s.wanted):
            keep = s.labels != left_out
            _, similarity, ahead = name(s.references[keep], s.labels[keep], s.facings[s.wanted == left_out], threshold)
            sisters.append((similarity >= threshold) & (ahead >= lead))
        told("sisters", np.concatenate(sisters))
        for other in sets:
            if other is not s:
                _, similarity, ahead = name(s.references, s.labels, other.facings, threshold)
                told("foreign", (similarity >= threshold) & (ahead >= lead))
    return {where: float(np.mean(values)) for where, values in shares.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path)
    parser.add_argument("--weights", type=Path, metavar="ONNX")
    parser.add_argument("--coolers", type=Path, nargs="+", required=True)
    parser.add_argument("--lead", type=float, default=0.008)
    args = parser.parse_args()
    model = Published(args.weights) if args.weights else load(args.run)
    sets = [Set(model, folder) for folder in args.coolers]
    print("| threshold | known: right | wrong | unknown | sisters named | foreign named |\n|---|---|---|---|---|---|")
    for threshold in THRESHOLDS:
        shares = row(sets, threshold, args.lead)
        print(f"| {threshold:.2f} | " + " | ".join(f"{shares.get(k, float('nan')):.3f}" for k in ("right", "wrong", "unknown", "sisters", "foreign")) + " |")


if __name__ == "__main__":
    main()
