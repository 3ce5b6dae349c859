"""Small pictures for the model card: a few frames with what was found drawn in, side by side.

    python3 -m detector.gallery --weights facings.onnx --coco DIR --frames a,b --out good.jpg

White: facings that are there; grey: packs behind them and hardly visible ones. Green: found; red:
found where no facing is; orange: found where a pack stands behind a facing.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

from detector.datasets import read_coco
from detector.detect import Detector
from detector.evaluate import draw, judge

WIDTH = 560


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--coco", type=Path, required=True, help="a set of made-up frames; never photos of others")
    parser.add_argument("--frames", required=True, help="file stems, by commas")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    detector = Detector(args.weights)
    examples = {e.path.stem: e for e in read_coco(args.coco)}
    tiles = []
    for example, item in judge(detector, [examples[name] for name in args.frames.split(",")], None):
        picture = draw(example.picture(), item)
        tiles.append(cv2.resize(picture, (WIDTH, WIDTH * picture.shape[0] // picture.shape[1]), interpolation=cv2.INTER_AREA))
    cv2.imwrite(str(args.out), np.hstack(tiles), [cv2.IMWRITE_JPEG_QUALITY, 78])


if __name__ == "__main__":
    main()
