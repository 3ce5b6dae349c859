"""Exports the averaged embedder as ONNX and proves it equal to PyTorch in OpenCV 4.6.

    python3 -m packs.export --run DIR --out ../weights/packs/packs.onnx --manifest ../weights/manifest.json --threshold 0.5
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
import onnx
import torch

from common import manifest
from packs.evaluate import load
from packs.fit import GREY, HEIGHT, WIDTH
from packs.network import DIMENSION

OPSET = 12
TOLERANCE = 2e-3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--version", default="0.1.0")
    parser.add_argument("--threshold", type=float, required=True, help="cosine below which a pack is unknown")
    parser.add_argument("--lead", type=float, default=0.03, help="by which the best product must beat the next")
    args = parser.parse_args()
    model = load(args.run)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    part = args.out.with_suffix(".part.onnx")
    torch.onnx.export(
        model, torch.zeros(1, 3, HEIGHT, WIDTH), str(part), opset_version=OPSET,
        input_names=["pack"], output_names=["embedding"], dynamic_axes={"pack": {0: "packs"}, "embedding": {0: "packs"}},
    )
    onnx.checker.check_model(onnx.load(str(part)))
    net = cv2.dnn.readNetFromONNX(str(part))
    rng = np.random.default_rng(1)
    for count in (1, 5, 16):
        x = rng.random((count, 3, HEIGHT, WIDTH), np.float32)
        net.setInput(x, "pack")
        ours = net.forward("embedding")
        with torch.no_grad():
            theirs = model(torch.from_numpy(x)).numpy()
        worst = float(np.abs(ours - theirs).max())
        if ours.shape != (count, DIMENSION) or worst > TOLERANCE:
            raise SystemExit(f"error: OpenCV gives {ours.shape}, {worst:.2g} away from PyTorch, at {count} packs")
        print(f"{count} packs: OpenCV is {worst:.1e} away from PyTorch")
    part.rename(args.out)
    manifest.update(args.manifest, {
        "name": "packs", "version": args.version, "task": "pack-embedding",
        "file": str(args.out.relative_to(args.manifest.parent)), "licence": "Apache-2.0",
        "input": {"name": "pack", "scale": 1 / 255, "mean": [0, 0, 0], "width": WIDTH, "height": HEIGHT, "pad": GREY, "keep_shape": True},
        "outputs": ["embedding"], "dim": DIMENSION,
        "thresholds": {"open": args.threshold, "margin": args.lead},
    })


if __name__ == "__main__":
    main()
