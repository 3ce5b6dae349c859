"""AP50, AP75, recall, precision and count error of an exported network, by condition and camera.

    python3 -m detector.evaluate --weights ../weights/facings/facings.onnx --coco DIR --yolo DIR [--draw DIR]
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np

from detector.average_precision import Judged, Summary, match, summarise, sweep
from detector.datasets import Example, read_coco, read_yolo
from detector.detect import SCORE_THRESHOLD, Detector, Fit

# detections below this add nothing to AP
LEAST = 0.02


def draw(picture: np.ndarray, item: Judged) -> np.ndarray:
    """Truth thin: facings white, neutral grey; found boxes: green hits, orange neutral, red others."""
    out = picture.copy()
    for box in item.neutral.astype(int):
        cv2.rectangle(out, tuple(box[:2].tolist()), tuple(box[2:].tolist()), (128, 128, 128), 1)
    for box in item.facings.astype(int):
        cv2.rectangle(out, tuple(box[:2].tolist()), tuple(box[2:].tolist()), (255, 255, 255), 1)
    sure = item.scores >= SCORE_THRESHOLD
    shown = Judged(item.boxes[sure], item.scores[sure], item.facings, item.neutral)
    verdict = match(shown, 0.5)
    for place, index in enumerate(np.argsort(-shown.scores, kind="stable")):
        box = shown.boxes[index].astype(int)
        ink = {1: (0, 220, 0), 0: (0, 0, 255), -1: (0, 150, 255)}[int(verdict[place])]
        cv2.rectangle(out, tuple(box[:2].tolist()), tuple(box[2:].tolist()), ink, 2)
    return out


def judge(detector: Detector, examples: list[Example], folder: Path | None) -> list[tuple[Example, Judged]]:
    """Runs the detector over all pictures."""
    judged = []
    for example in examples:
        picture = example.picture()
        boxes, scores = detector.find(picture, LEAST)
        item = Judged(boxes, scores, example.facings, np.concatenate([example.others, example.unknown]))
        judged.append((example, item))
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(folder / (example.path.stem + ".jpg")), draw(picture, item))
    return judged


def groups(judged: list[tuple[Example, Judged]]) -> dict[str, list[Judged]]:
    """All pictures, then those of each condition and camera."""
    out: dict[str, list[Judged]] = {"all": [item for _, item in judged]}
    for key in ("condition", "camera"):
        for value in sorted({e.tags[key] for e, _ in judged if key in e.tags}):
            out[f"{key} {value}"] = [item for e, item in judged if e.tags.get(key) == value]
    return out


def table(title: str, rows: dict[str, Summary]) -> str:
    """The summaries as a Markdown table."""
    lines = [f"| {title} | images | facings | AP50 | AP75 | recall | precision | count error |", "|---|---|---|---|---|---|---|---|"]
    for name, s in rows.items():
        lines.append(f"| {name} | {s.images} | {s.facings} | {s.ap50:.3f} | {s.ap75:.3f} | {s.recall50:.3f} | {s.precision50:.3f} | {s.count_mae:.2f} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--coco", type=Path, action="append", default=[], help="folder with instances.json")
    parser.add_argument("--yolo", type=Path, action="append", default=[], help="folder with images/ and labels/")
    parser.add_argument("--most", type=int, default=1280, help="longer side that pictures are brought down to")
    parser.add_argument("--least", type=int, default=0, help="longer side that pictures are brought up to")
    parser.add_argument("--draw", type=Path, help="folder for pictures of what was found")
    parser.add_argument("--sweep", action="store_true", help="also precision, recall and F1 by score threshold")
    parser.add_argument("--json", type=Path, help="also write the numbers here")
    args = parser.parse_args()
    detector = Detector(args.weights, Fit(args.most, args.least))
    numbers = {}
    for folder, examples in [(f, read_coco(f)) for f in args.coco] + [(f, read_yolo(f, 1.0)) for f in args.yolo]:
        judged = judge(detector, examples, args.draw / folder.name if args.draw else None)
        rows = {name: summarise(items, SCORE_THRESHOLD) for name, items in groups(judged).items()}
        print(table(folder.name, rows), flush=True)
        if args.sweep:
            print("| score | precision | recall | F1 |\n|---|---|---|---|")
            for row in sweep([item for _, item in judged], [round(0.05 * k, 2) for k in range(2, 13)]):
                print("| {:.2f} | {:.3f} | {:.3f} | {:.3f} |".format(*row))
        numbers[folder.name] = {name: asdict(s) for name, s in rows.items()}
    if args.json:
        args.json.write_text(json.dumps(numbers, indent=1) + "\n")


if __name__ == "__main__":
    main()
