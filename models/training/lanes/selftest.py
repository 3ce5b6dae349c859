"""Checks of the lane network's parts that take seconds: python3 -m lanes.selftest"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
import torch

from lanes import data
from lanes.export import TOLERANCE, export
from lanes.network import HEIGHT, KINDS, PLANES, WIDTH, Deployed
from lanes.reopen import reopen
from lanes.train import area, recall_at


def records(n: int) -> np.ndarray:
    rng = np.random.default_rng(2)
    out = np.zeros(n, data.RECORD)
    out["bgr"] = rng.integers(0, 256, out["bgr"].shape)
    out["marks"] = rng.integers(0, 32, out["marks"].shape) | data.INSIDE
    out["weak"] = rng.integers(0, 256, out["weak"].shape)
    return out


def planes_are_as_in_go() -> None:
    one = np.zeros(1, data.RECORD)
    one["bgr"][0, 5, 7] = (255, 0, 51)
    one["marks"][0, 5, 7] = data.INSIDE | data.FOUND
    one["weak"][0, 5, 7] = 51
    got = data.planes(one)[0, :, 5, 7]
    assert np.allclose(got, [1, 0, 0.2, 0, 0, 0, 1, 1, 0.2]), got


def disturbing_is_seeded_and_keeps_the_marks() -> None:
    first, again = (data.disturb(records(8), np.random.default_rng(4)) for _ in range(2))
    assert (first == again).all() and first.shape == (8, PLANES, HEIGHT, WIDTH)
    assert set(np.unique(first[:, 3:8])) <= {0, 1} and first.min() >= 0 and first.max() <= 1


def scores_are_counted() -> None:
    bare, score = np.array([True, True, False, True]), np.array([0.9, 0.8, 0.7, 0.6])
    recall, threshold = recall_at(bare, score, 0.02)
    assert abs(recall - 2 / 3) < 1e-9 and threshold == 0.8
    assert abs(area(bare, score) - 2 / 3) < 1e-9


def exported_answers_alike() -> None:
    torch.manual_seed(3)
    models = [kind() for kind in KINDS.values()]
    for model in models:
        model.train()(torch.rand(16, PLANES, HEIGHT, WIDTH))  # statistics that are not 0 and 1
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lanes.onnx"
        assert export([model.eval() for model in models], path) < TOLERANCE
        again, x = reopen(path, []), torch.rand(1, PLANES, HEIGHT, WIDTH)
        with torch.no_grad():
            assert torch.allclose(again(x), Deployed(models).eval()(x), atol=1e-5)


def main() -> int:
    for check in (planes_are_as_in_go, disturbing_is_seeded_and_keeps_the_marks, scores_are_counted, exported_answers_alike):
        check()
        print(f"ok {check.__name__}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
