"""Checks that take a second: python3 -m weigh.selftest"""

from __future__ import annotations

import numpy as np

from weigh.fit import fit, inputs


def the_weights_that_made_the_data_are_found() -> None:
    rng = np.random.default_rng(3)
    rows = np.stack([rng.uniform(0.1, 0.9, 20000), rng.uniform(0, 0.7, 20000), rng.uniform(0, 0.9, 20000)], 1)
    x, true = inputs(rows), np.array([3, 2, -5, -4])
    got = fit(x, (rng.random(20000) < 1 / (1 + np.exp(-x @ true))).astype(float))
    assert np.abs(got - true).max() < 0.3, got


if __name__ == "__main__":
    the_weights_that_made_the_data_are_found()
    print("weigh: ok")
