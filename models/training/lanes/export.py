"""Exports the averaged weights as ONNX, and proves OpenCV's answers equal to torch's.

    python3 -m lanes.export --run DIR --run DIR --out ../weights/lanes/lanes.onnx

Of several runs the mean of their logits is exported.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import cv2
import numpy as np
import onnx
import torch

from lanes.network import HEIGHT, KINDS, PLANES, WIDTH, Deployed, Judge

OPSET = 12
TOLERANCE = 1e-4


def load(run: Path) -> Judge:
    saved = torch.load(run / "last.pt", map_location="cpu")
    model = KINDS[saved["kind"]]()
    model.load_state_dict(saved["average"])
    return model.eval()


def export(networks: list[Judge], path: Path) -> float:
    """Writes the graph; gives the largest difference between OpenCV and torch over made-up patches."""
    deployed = Deployed(networks).eval()
    torch.onnx.export(deployed, torch.zeros(1, PLANES, HEIGHT, WIDTH), str(path), opset_version=OPSET, input_names=["lane"], output_names=["bare"])
    onnx.checker.check_model(onnx.load(str(path)))
    net = cv2.dnn.readNetFromONNX(str(path))
    rng, worst = np.random.default_rng(3), 0.0
    for _ in range(20):
        x = rng.random((1, PLANES, HEIGHT, WIDTH), np.float32)
        x[:, 3:8] = x[:, 3:8] > 0.5
        with torch.no_grad():
            wanted = deployed(torch.from_numpy(x)).numpy()
        net.setInput(x, "lane")
        worst = max(worst, float(np.abs(net.forward("bare") - wanted).max()))
    return worst


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--run", type=Path, required=True, action="append")
    p.add_argument("--out", type=Path, required=True)
    a = p.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lanes.onnx"
        worst = export([load(run) for run in a.run], path)
        if worst > TOLERANCE:
            raise SystemExit(f"error: OpenCV differs from torch by {worst:.2g}, at most {TOLERANCE:g} is allowed; nothing was written")
        a.out.parent.mkdir(parents=True, exist_ok=True)
        a.out.write_bytes(path.read_bytes())
    print(f"{a.out}: {a.out.stat().st_size} bytes, OpenCV differs from torch by {worst:.2g} at most")


if __name__ == "__main__":
    main()
