"""AP50, AP75 and recall of facings, the COCO way with one class and no cap on detections.

Detections of all pictures are ranked together; each takes the free facing it overlaps best, at or
above the threshold. One that takes none but overlaps a pack behind the front one, or a hardly visible
one, counts neither as hit nor as miss. Precision is made non-increasing and read at 101 recalls.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from detector.boxes import overlap


@dataclass
class Judged:
    """One picture: what was found (boxes, scores) and what is there."""

    boxes: np.ndarray
    scores: np.ndarray
    facings: np.ndarray
    neutral: np.ndarray


def match(item: Judged, iou: float) -> np.ndarray:
    """For every detection, best score first: 1 hit, 0 false, -1 neutral."""
    verdict = np.zeros(len(item.boxes), int)
    free = np.ones(len(item.facings), bool)
    for place, index in enumerate(np.argsort(-item.scores, kind="stable")):
        shares = overlap(item.boxes[index], item.facings) * free
        if len(shares) and shares.max() >= iou:
            free[int(shares.argmax())] = False
            verdict[place] = 1
        elif len(item.neutral) and overlap(item.boxes[index], item.neutral).max() >= iou:
            verdict[place] = -1
    return verdict


def average_precision(items: list[Judged], iou: float) -> float:
    """AP at one threshold; NaN where there is nothing to find."""
    total = sum(len(i.facings) for i in items)
    if total == 0:
        return float("nan")
    scores = np.concatenate([np.sort(i.scores)[::-1] for i in items])
    verdicts = np.concatenate([match(i, iou) for i in items])
    order = np.argsort(-scores, kind="stable")
    verdicts = verdicts[order]
    verdicts = verdicts[verdicts >= 0]
    hits, misses = np.cumsum(verdicts == 1), np.cumsum(verdicts == 0)
    recall, precision = hits / total, hits / np.maximum(hits + misses, 1)
    precision = np.maximum.accumulate(precision[::-1])[::-1]
    at = np.searchsorted(recall, np.linspace(0, 1, 101), side="left")
    return float(np.mean([precision[i] if i < len(precision) else 0.0 for i in at]))


@dataclass
class Summary:
    """The numbers of one group of pictures; precision, recall and count error at the score threshold."""

    images: int
    facings: int
    ap50: float
    ap75: float
    recall50: float
    precision50: float
    count_mae: float


def summarise(items: list[Judged], threshold: float) -> Summary:
    """All the numbers of a group."""
    total = sum(len(i.facings) for i in items)
    hits = wrong = 0
    errors = []
    for item in items:
        sure = item.scores >= threshold
        verdict = match(Judged(item.boxes[sure], item.scores[sure], item.facings, item.neutral), 0.5)
        hits += int((verdict == 1).sum())
        wrong += int((verdict == 0).sum())
        errors.append(abs(int((verdict >= 0).sum()) - len(item.facings)))
    return Summary(
        len(items), total, average_precision(items, 0.5), average_precision(items, 0.75),
        hits / total if total else float("nan"), hits / max(1, hits + wrong), float(np.mean(errors)) if errors else float("nan"),
    )


def sweep(items: list[Judged], thresholds: list[float]) -> list[tuple[float, float, float, float]]:
    """Threshold, precision, recall and their harmonic mean; what the published threshold is chosen by."""
    rows = []
    for threshold in thresholds:
        s = summarise(items, threshold)
        rows.append((threshold, s.precision50, s.recall50, 2 * s.precision50 * s.recall50 / max(s.precision50 + s.recall50, 1e-9)))
    return rows
