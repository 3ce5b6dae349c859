"""Exports the averaged weights as one ONNX file for every input size, and proves it equal to torch.

    python3 -m detector.export --run DIR --run DIR --out ../weights/facings/facings.onnx.gz

Of several runs the mean of their answers is exported.
OpenCV 4.6 reads the file at several sizes and its answers are compared with PyTorch's; a difference
beyond TOLERANCE, or a refused file, is an error and nothing is written. What a .gz loses by its rounded weights
is told, and bounded by ROUNDED.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import cv2
import numpy as np
import onnx
import torch

from common import onnxfile
from detector.network import Deployed, FacingDetector

OPSET = 12
SIZES = ((480, 640), (960, 1280), (320, 320), (1280, 960), (704, 1248))
# heat as it is, distances in pixels
TOLERANCE = (1e-4, 0.05)
ROUNDED = (0.02, 3.0)


def load(run: Path) -> FacingDetector:
    """The averaged weights of a run, ready to answer."""
    saved = torch.load(run / "ema.pt", map_location="cpu")
    model = FacingDetector(saved["kind"])
    model.load_state_dict(saved["model"])
    return model.eval()


def inline_shared(model: onnx.ModelProto) -> None:
    """Gives every use of a shared constant its own copy: OpenCV 4.6 refuses Identity of a constant."""
    constants = {i.name: i for i in model.graph.initializer}
    for node in list(model.graph.node):
        if node.op_type == "Identity" and node.input[0] in constants:
            own = onnx.TensorProto()
            own.CopyFrom(constants[node.input[0]])
            own.name = node.output[0]
            model.graph.initializer.append(own)
            model.graph.node.remove(node)


def export(detectors: list[FacingDetector], path: Path) -> None:
    """Writes the graph with free height and width."""
    free = {"image": {2: "height", 3: "width"}, "heat": {2: "rows", 3: "columns"}, "ltrb": {2: "rows", 3: "columns"}}
    torch.onnx.export(
        Deployed(detectors).eval(), torch.zeros(1, 3, 480, 640), str(path), opset_version=OPSET,
        input_names=["image"], output_names=["heat", "ltrb"], dynamic_axes=free,
    )
    model = onnx.load(str(path))
    inline_shared(model)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def compare(detectors: list[FacingDetector], path: Path) -> list[tuple[int, int, float, float]]:
    """Height, width, and the largest differences of heat and distances between OpenCV and torch."""
    net = cv2.dnn.readNetFromONNX(str(path))
    deployed = Deployed(detectors).eval()
    rng = np.random.default_rng(5)
    found = []
    for height, width in SIZES:
        coarse = rng.integers(0, 256, (height // 16, width // 16, 3)).astype(np.uint8)
        picture = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
        blob = cv2.dnn.blobFromImage(picture, 1 / 255)
        with torch.no_grad():
            wanted = [t.numpy() for t in deployed(torch.from_numpy(blob))]
        net.setInput(blob, "image")
        heat, ltrb = net.forward(["heat", "ltrb"])
        found.append((height, width, float(np.abs(heat - wanted[0]).max()), float(np.abs(ltrb - wanted[1]).max())))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True, action="append")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    detectors = [load(run) for run in args.run]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "facings.onnx"
        export(detectors, path)
        for height, width, heat, ltrb in compare(detectors, path):
            print(f"{height}x{width}: heat differs by {heat:.2e}, distances by {ltrb:.2e} px")
            if heat > TOLERANCE[0] or ltrb > TOLERANCE[1]:
                raise SystemExit("error: OpenCV and torch disagree; not exported")
        graph = onnx.load(str(path))
        if args.out.suffix == onnxfile.PACKED:
            onnxfile.write(onnxfile.rounded(graph), path)
            heat, ltrb = (max(row[k] for row in compare(detectors, path)) for k in (2, 3))
            print(f"rounded weights: heat differs by {heat:.2e}, distances by {ltrb:.2e} px")
            if heat > ROUNDED[0] or ltrb > ROUNDED[1]:
                raise SystemExit("error: rounding the weights changes the answers too much; export to .onnx")
        onnxfile.write(graph, args.out)
    print(f"wrote {args.out.name}, {args.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
