"""FastestDet-COCO on the same pictures by the same judge, all its classes merged into "product".

    python3 -m detector.peer --weights fastestdet-coco.onnx --coco DIR --yolo DIR

Its input is fixed at 352 x 352, BGR, x / 255, the picture stretched; its 85 channels are objectness,
box (tanh and sigmoid) and 80 classes. Three ways of merging are told: objectness alone, objectness
times the likeliest class, and that among the classes of packs only (bottle, wine glass, cup, vase,
book).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

from detector.average_precision import Judged, summarise
from detector.boxes import suppress
from detector.datasets import read_coco, read_yolo
from detector.evaluate import table

SIZE = 352
PACKS = (39, 40, 41, 73, 75)


class FastestDet:
    """The network and its decoding, as its authors' test code has it."""

    def __init__(self, path: Path) -> None:
        self.net = cv2.dnn.readNetFromONNX(str(path))

    def find(self, picture: np.ndarray, classes: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
        """Boxes in picture pixels and scores, best first; with no classes, objectness alone."""
        height, width = picture.shape[:2]
        self.net.setInput(cv2.dnn.blobFromImage(cv2.resize(picture, (SIZE, SIZE)), 1 / 255))
        out = self.net.forward()[0]
        rows, cols = np.indices(out.shape[1:])
        scores = (out[0] * (out[5:][list(classes)].max(0) if classes else 1.0)).ravel()
        x = ((np.tanh(out[1]) + cols) / out.shape[2] * width).ravel()
        y = ((np.tanh(out[2]) + rows) / out.shape[1] * height).ravel()
        w, h = (width / (1 + np.exp(-out[3]))).ravel(), (height / (1 + np.exp(-out[4]))).ravel()
        boxes = np.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2], 1)
        order = np.argsort(-scores)
        order = order[scores[order] >= 0.02]
        return suppress(boxes[order], scores[order], 0.45)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--coco", type=Path, action="append", default=[])
    parser.add_argument("--yolo", type=Path, action="append", default=[])
    args = parser.parse_args()
    net = FastestDet(args.weights)
    for folder, examples in [(f, read_coco(f)) for f in args.coco] + [(f, read_yolo(f, 1.0)) for f in args.yolo]:
        rows = {}
        for name, classes in (("objectness", ()), ("any class", tuple(range(80))), ("classes of packs", PACKS)):
            items = []
            for example in examples:
                boxes, scores = net.find(example.picture(), classes)
                items.append(Judged(boxes, scores, example.facings, np.concatenate([example.others, example.unknown])))
            rows[f"FastestDet-COCO, {name}"] = summarise(items, 0.35)
        print(table(folder.name, rows), flush=True)


if __name__ == "__main__":
    main()
