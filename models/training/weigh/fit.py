"""The weights by which vision/mount tells facings from what the detector only thinks so.

    cooler-agent eval --data SET --evidence SET.csv     # for each set
    python3 -m weigh.fit SET.csv ...

A logistic regression on the logit of the detector's score, unlikeness and rival, fitted by Newton's steps
(iteratively reweighted least squares; Hastie, Tibshirani and Friedman, "The Elements of Statistical Learning", 4.4.1).
"""

from __future__ import annotations

import sys

import numpy as np

SCORE_FROM, SCORE_TO = 1e-3, 1 - 1e-3  # as in vision/mount/weigh.go
WEIGHED_FROM = 0.1                     # as in vision/pipeline/weigh.go


def inputs(rows: np.ndarray) -> np.ndarray:
    score = rows[:, 0].clip(SCORE_FROM, SCORE_TO)
    return np.stack([np.ones(len(rows)), np.log(score / (1 - score)), rows[:, 1], rows[:, 2]], 1)


def fit(x: np.ndarray, y: np.ndarray, steps: int = 50) -> np.ndarray:
    weights = np.zeros(x.shape[1])
    for _ in range(steps):
        p = 1 / (1 + np.exp(-x @ weights))
        move = np.linalg.solve((x * (p * (1 - p))[:, None]).T @ x + 1e-6 * np.eye(x.shape[1]), x.T @ (y - p))
        weights += move
        if np.abs(move).max() < 1e-9:
            return weights
    raise ValueError("the fit does not settle: too few detections, or facings and others do not overlap at all")


def main(paths: list[str]) -> None:
    if not paths:
        sys.exit(__doc__)
    rows = np.concatenate([np.loadtxt(p, delimiter=",", ndmin=2) for p in paths])
    rows = rows[rows[:, 0] >= WEIGHED_FROM]
    weights = fit(inputs(rows), rows[:, 3])
    print(f"{len(rows)} detections, {int(rows[:, 3].sum())} of them facings")
    print("bias {:.2f}, score {:.2f}, unlike {:.2f}, rival {:.2f}".format(*weights))


if __name__ == "__main__":
    main(sys.argv[1:])
