"""Forward time of an exported network in OpenCV's DNN, in milliseconds, the least of several runs.

The least, because anything else that runs on the machine only ever adds.

    python3 -m detector.bench --weights ../weights/facings/facings.onnx [--peer fastestdet-coco.onnx]
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import cv2
import numpy as np

from common import onnxfile

SIZES = ((640, 480), (1280, 960))
PEER_SIZE = (352, 352)


def forward_ms(path: Path, width: int, height: int, outputs: list[str], runs: int) -> float:
    """The least over `runs` after two to warm up."""
    net = onnxfile.opencv(path)
    blob = np.random.default_rng(1).random((1, 3, height, width), np.float32)
    times = []
    for run in range(runs + 2):
        began = time.perf_counter()
        net.setInput(blob)
        net.forward(outputs) if outputs else net.forward()
        if run >= 2:
            times.append(1000 * (time.perf_counter() - began))
    return min(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--peer", type=Path, help="FastestDet's ONNX file, at its own 352x352")
    parser.add_argument("--runs", type=int, default=15)
    args = parser.parse_args()
    print("| network | input | 1 thread, ms | 2 threads, ms |\n|---|---|---|---|")
    jobs = [(args.weights, size, ["heat", "ltrb"]) for size in SIZES]
    if args.peer:
        jobs.append((args.peer, PEER_SIZE, []))
    for path, (width, height), outputs in jobs:
        times = []
        for threads in (1, 2):
            cv2.setNumThreads(threads)
            times.append(forward_ms(path, width, height, outputs, args.runs))
        print(f"| {path.stem} | {width}x{height} | {times[0]:.1f} | {times[1]:.1f} |")


if __name__ == "__main__":
    main()
