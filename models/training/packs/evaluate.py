"""Names packs by nearest enrolled reference and counts what is right.

    python3 -m packs.evaluate --run DIR --coolers ../../../shared/data/cooler-val --cartons ../../../shared/data/grocerystore-packages

Truth boxes are used, so that this measures the names alone. Coolers: facings at least 60 % visible,
references from references/ only, all products in one gallery. Cartons: whole photos of the validation
split against the training photos, all of them and five of each (mean of five draws), by one view and by several. None of the
cooler products was trained on; the cartons were, by their training photos. With `--untrained` the
ImageNet backbone answers instead, as a baseline.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import cv2
import numpy as np
import torch
from torch.nn import functional as F

from common.shufflenet import pretrained
from packs.collect import content_box
from packs.fit import fit
from packs.network import Deployed, PackEmbedder

NEIGHBOURS = 3
# Parts of a whole photo (x, y, width, height as shares): less its border, then closer to its middle.
VIEWS = ((0.08, 0.04, 0.84, 0.92), (0.18, 0.10, 0.64, 0.80), (0.25, 0.20, 0.50, 0.60))


class Published(torch.nn.Module):
    """A published ONNX file, as OpenCV runs it."""

    def __init__(self, weights: Path) -> None:
        super().__init__()
        self.net = cv2.dnn.readNetFromONNX(str(weights))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.net.setInput(np.ascontiguousarray(x.numpy()), "pack")
        return torch.from_numpy(self.net.forward("embedding").copy())


def load(run: Path) -> Deployed:
    model = PackEmbedder()
    model.load_state_dict(torch.load(run / "last.pt", map_location="cpu")["average"])
    return Deployed(model.eval()).eval()


@torch.no_grad()
def embed(model: torch.nn.Module, images: list[np.ndarray]) -> np.ndarray:
    """Unit vectors of fitted crops."""
    out = []
    for i in range(0, len(images), 64):
        batch = np.stack(images[i : i + 64]).transpose(0, 3, 1, 2)
        out.append(F.normalize(model(torch.from_numpy(batch.copy()).float() / 255)))
    return torch.cat(out).numpy()


def name(gallery: np.ndarray, labels: np.ndarray, queries: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each query the label with the best mean of its NEIGHBOURS nearest references, and that mean's
    lead: cosine, and cosine less that of the best other label."""
    cosine = queries @ gallery.T
    classes = np.unique(labels)
    score = np.stack([np.sort(cosine[:, labels == c], 1)[:, -NEIGHBOURS:].mean(1) for c in classes], 1)
    return classes[score.argmax(1)], score.max(1)


def coolers(model: torch.nn.Module, folder: Path) -> dict:
    truth = json.loads((folder / "instances.json").read_text())
    frames = {f["image_id"]: f for f in json.loads((folder / "frames.json").read_text())}
    references, labels = [], []
    for path in sorted(folder.glob("references/*/*.jpg")):
        picture = cv2.imread(str(path))
        references.append(fit(picture, content_box(picture)))
        labels.append(path.parent.name)
    gallery, labels = embed(model, references), np.array(labels)
    crops, wanted, conditions, pictures = [], [], [], {i["id"]: i for i in truth["images"]}
    for image_id, frame in frames.items():
        picture = cv2.imread(str(folder / pictures[image_id]["file_name"]))
        for a in truth["annotations"]:
            if a["image_id"] == image_id and a["facing"] and not a["ignore"] and a["visible_fraction"] >= 0.6:
                crops.append(fit(picture, tuple(a["bbox"])))
                wanted.append(a["gtin"])
                conditions.append(frame["condition"])
    named, score = name(gallery, labels, embed(model, crops))
    hit, conditions = named == np.array(wanted), np.array(conditions)
    result = {"top1": hit.mean(), "facings": len(hit), "score_right": np.quantile(score[hit], [0.02, 0.1, 0.5]).round(3).tolist()}
    result["by_condition"] = {c: round(float(hit[conditions == c].mean()), 4) for c in np.unique(conditions)}
    wrong = [(w, n) for w, n, h in zip(wanted, named, hit) if not h]
    pairs, counts = np.unique([f"{w}>{n}" for w, n in wrong], return_counts=True) if wrong else ([], [])
    result["confused"] = dict(sorted(zip(map(str, pairs), map(int, counts)), key=lambda p: -p[1])[:6])
    result["open_set"] = open_set(gallery, labels, embed(model, crops), np.array(wanted))
    return result


def open_set(gallery: np.ndarray, labels: np.ndarray, queries: np.ndarray, wanted: np.ndarray) -> dict:
    """Each product left out of the gallery in turn: the score at which 95 % of known packs are still
    named, and how many packs of the missing product are wrongly named at it."""
    known, missing = [], []
    for left_out in np.unique(wanted):
        keep = labels != left_out
        _, score = name(gallery[keep], labels[keep], queries[wanted == left_out])
        missing.append(score)
    named, score = name(gallery, labels, queries)
    known = score[named == wanted]
    missing = np.concatenate(missing)
    at = np.quantile(known, 0.05)
    return {"threshold_95": round(float(at), 3), "wrongly_named": round(float((missing > at).mean()), 3)}


def cartons(model: torch.nn.Module, folder: Path) -> dict:
    """Names of whole photos, of which nobody says where the pack is: by the first view alone, and by all VIEWS,
    a photo being asked by the mean of its views and enrolled by each of them."""

    def split(which: str) -> tuple[np.ndarray, np.ndarray]:
        paths = sorted((folder / which).rglob("*.jpg"))
        crops = []
        for path in paths:
            picture = cv2.imread(str(path))
            h, w = picture.shape[:2]
            crops += [fit(picture, (x * w, y * h, a * w, b * h)) for x, y, a, b in VIEWS]
        vectors = embed(model, crops)
        return vectors.reshape(len(paths), len(VIEWS), -1), np.array([p.parent.name for p in paths])

    gallery, labels = split("train")
    queries, wanted = split("val")
    mean = queries.mean(1)
    mean /= np.linalg.norm(mean, axis=1, keepdims=True)

    def right(some: np.ndarray) -> tuple[float, float]:
        one = name(gallery[some, 0], labels[some], queries[:, 0])[0]
        every = name(np.concatenate(gallery[some]), np.repeat(labels[some], len(VIEWS)), mean)[0]
        return float((one == wanted).mean()), float((every == wanted).mean())

    all_of_them = right(np.arange(len(labels)))
    draws, rng = [], np.random.default_rng(5)
    for _ in range(5):
        draws.append(right(np.concatenate([rng.choice(np.where(labels == c)[0], 5, replace=False) for c in np.unique(labels)])))
    five = np.mean(draws, 0)
    return {
        "top1_all": all_of_them[0], "top1_five": five[0], "views_top1_all": all_of_them[1], "views_top1_five": five[1],
        "photos": len(wanted), "products": len(np.unique(labels)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path)
    parser.add_argument("--weights", type=Path, metavar="ONNX")
    parser.add_argument("--untrained", type=Path, metavar="BACKBONE")
    parser.add_argument("--coolers", type=Path)
    parser.add_argument("--cartons", type=Path)
    args = parser.parse_args()
    if args.untrained:
        model = Deployed(PackEmbedder(pretrained(args.untrained)).eval()).eval()
    else:
        model = Published(args.weights) if args.weights else load(args.run)
    results = {}
    if args.coolers:
        results["coolers"] = coolers(model, args.coolers)
    if args.cartons:
        results["cartons"] = cartons(model, args.cartons)
    print(json.dumps(results, indent=2, default=float))


if __name__ == "__main__":
    main()
