"""Checks of the training's pieces that need no data and run in seconds.

    python3 -m detector.selftest
"""

from __future__ import annotations

import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch

from common import manifest, onnxfile
from detector import boxes, export, reopen
from detector.average_precision import Judged, average_precision, summarise
from detector.crops import piece
from detector.datasets import NO_BOXES, Example, read_coco
from detector.detect import Detector
from detector.lens import Camera, canvas_map
from detector.network import KINDS, Deployed, FacingDetector, parameters
from detector.shelves import Material, Scene


def near(got: object, want: object, within: float, what: str) -> None:
    if not np.allclose(np.asarray(got, float), np.asarray(want, float), atol=within):
        raise AssertionError(f"{what}: got {got}, want {want}")


def codec_returns_the_boxes() -> None:
    """Perfect answers decode to the boxes they were made from."""
    rng = np.random.default_rng(3)
    wanted = np.array([[x, y, x + rng.uniform(20, 60), y + rng.uniform(30, 90)] for x in (10, 110, 210) for y in (12, 150)], np.float32)
    targets = boxes.encode(320, 320, wanted, np.ones(len(wanted)), NO_BOXES, NO_BOXES)
    found, scores = boxes.cells(targets.heat, targets.box, 0.9)
    found, scores = boxes.suppress(found, scores, 0.5)
    near(len(found), len(wanted), 0, "boxes found")
    near(found[np.lexsort(found.T)], wanted[np.lexsort(wanted.T)], 0.01, "boxes")
    near(scores, np.ones(len(wanted)), 1e-6, "scores")


def unknown_places_cost_nothing() -> None:
    box = np.array([[40, 40, 120, 160]], np.float32)
    targets = boxes.encode(320, 320, NO_BOXES, np.zeros(0), NO_BOXES, box)
    near(targets.care[12, 10], 0, 0, "care at the middle of an unknown box")
    near(targets.care[30, 30], 1, 0, "care elsewhere")


def losses_fall_to_nothing() -> None:
    box = np.array([[40, 40, 120, 160]], np.float32)
    targets = boxes.encode(320, 320, box, np.ones(1), NO_BOXES, NO_BOXES)
    wanted, weight = torch.from_numpy(targets.box)[None], torch.from_numpy(targets.weight)[None]
    near(boxes.box_loss(wanted.clone(), wanted, weight), 0, 1e-6, "loss of the right box")
    if float(boxes.box_loss(wanted * 2, wanted, weight)) < 0.3:
        raise AssertionError("a box twice as large costs next to nothing")


def average_precision_by_hand() -> None:
    """Two facings; ranked hit, false, hit: precision 1 up to recall 0.5 and 2/3 beyond."""
    facings = np.array([[0, 0, 10, 10], [20, 0, 30, 10]], float)
    found = np.array([[0, 0, 10, 10], [50, 50, 60, 60], [20, 0, 30, 10], [70, 0, 80, 10]], float)
    neutral = np.array([[70, 0, 80, 10]], float)
    item = Judged(found, np.array([0.9, 0.8, 0.7, 0.6]), facings, neutral)
    near(average_precision([item], 0.5), (51 + 50 * 2 / 3) / 101, 1e-9, "AP50")
    near(summarise([item], 0.5).count_mae, 1, 0, "count error")
    near(summarise([item], 0.5).precision50, 2 / 3, 1e-9, "precision")


def suppression_keeps_the_best() -> None:
    found = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [30, 0, 40, 10]], float)
    scores = np.array([0.9, 0.3, 0.2])
    kept, best = boxes.suppress(found, scores, 0.5)
    near(kept, [[0.25, 0, 10.25, 10], [30, 0, 40, 10]], 1e-9, "kept, the first the mean of two")
    near(best, [0.9, 0.2], 0, "scores")


def lens_looks_straight_ahead() -> None:
    """A turned camera's middle sees where it is turned to, through both lenses."""
    for fisheye in (False, True):
        map_x, map_y = canvas_map(Camera(201, 101, 1.2, 0.3, 0.0, 0.0, fisheye), 500.0, (400.0, 300.0))
        near((map_x[50, 100], map_y[50, 100]), (400 + 500 * np.tan(0.3), 300), 0.5, "middle")


def scenes_are_seeded_and_boxed() -> None:
    pictures = []
    for _ in range(2):
        scene = Scene(np.random.default_rng([20, 4]), Material([], [], []))
        scene.draw()
        picture, found = scene.photograph(scene.camera())
        pictures.append(picture)
    if not np.array_equal(*pictures):
        raise AssertionError("the same seed drew two different scenes")
    if not any(box.facing for box in found):
        raise AssertionError("a scene without any facing")
    for box in found:
        x, y, w, h = box.xywh
        if x < 0 or y < 0 or x + w > picture.shape[1] or y + h > picture.shape[0] or not 0 < box.visible <= 1:
            raise AssertionError(f"box {box} leaves the {picture.shape[1]}x{picture.shape[0]} picture")


def pieces_keep_boxes_on_their_packs() -> None:
    """A white pack on black: after the cut, what lies in the box is white and around it black."""
    picture = np.zeros((400, 500, 3), np.uint8)
    picture[120:260, 200:280] = 255
    example = Example(Path("pack.png"), np.array([[200, 120, 280, 260]], np.float32))
    rng = np.random.default_rng(1)
    checked = 0
    while checked < 20:
        cutting, facings, _, _ = piece(example, picture, 320, rng, 0.0)
        grey = cutting.mean(2)
        if len(facings) == 0 or np.ptp(grey) < 60:
            continue
        x0, y0, x1, y1 = facings[0].round().astype(int)
        if x0 < 12 or y0 < 12 or x1 > 308 or y1 > 308 or min(x1 - x0, y1 - y0) < 20:
            continue
        inside = grey[y0 + 6 : y1 - 6, x0 + 6 : x1 - 6].mean()
        beside = np.r_[grey[y0:y1, x0 - 10 : x0 - 6].ravel(), grey[y0:y1, x1 + 6 : x1 + 10].ravel()].mean()
        if inside < beside + 40:
            raise AssertionError(f"box {facings[0]} is not on the pack ({inside:.0f} inside, {beside:.0f} beside)")
        checked += 1


def coco_parts_facings_from_others() -> None:
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "instances.json").write_text(
            '{"images": [{"id": 1, "file_name": "a.jpg"}], "annotations": ['
            '{"image_id": 1, "bbox": [1, 2, 3, 4], "facing": true, "ignore": false},'
            '{"image_id": 1, "bbox": [5, 6, 7, 8], "facing": false, "ignore": false},'
            '{"image_id": 1, "bbox": [9, 9, 1, 1], "facing": true, "ignore": true}]}'
        )
        example = read_coco(Path(name))[0]
    near(example.facings, [[1, 2, 4, 6]], 0, "facings")
    near(example.others, [[5, 6, 12, 14]], 0, "others")
    near(example.unknown, [[9, 9, 10, 10]], 0, "unknown")


def export_equals_torch() -> None:
    """Untrained networks go through ONNX and OpenCV unchanged, at every size, and can be run, packed too."""
    torch.manual_seed(1)
    models = [FacingDetector(kind).eval() for kind in KINDS]
    size = sum(parameters(m) for m in models)
    if size > 4_500_000:
        raise AssertionError(f"{size} parameters are too many for a Pi")
    with tempfile.TemporaryDirectory() as name:
        path, packed = Path(name) / "facings.onnx", Path(name) / "facings.onnx.gz"
        export.export(models, path)
        for height, width, heat, ltrb in export.compare(models, path):
            near(heat, 0, export.TOLERANCE[0], f"heat at {height}x{width}")
            near(ltrb, 0, export.TOLERANCE[1], f"distances at {height}x{width}")
        onnxfile.write(onnxfile.rounded(onnxfile.model(path)), packed)
        near(packed.stat().st_size < 0.7 * path.stat().st_size, True, 0, "a packed file is smaller")
        black = np.zeros((333, 517, 3), np.uint8)
        for file in (path, packed):
            found, scores = Detector(file).find(black, 0.0)
            near(len(found), len(scores), 0, "boxes and scores")


def reopened_says_the_same() -> None:
    """The published file becomes the networks that it was made of."""
    torch.manual_seed(2)
    models = [FacingDetector(kind).eval() for kind in KINDS]
    x = torch.rand(1, 3, 96, 128)
    with tempfile.TemporaryDirectory() as name, torch.no_grad():
        path = Path(name) / "facings.onnx"
        export.export(models, path)
        again = Deployed([FacingDetector(kind) for kind in KINDS]).eval()
        reopen.unfold(again, path)
        for ours, theirs in zip(again(x), Deployed(models).eval()(x)):
            near(float((ours - theirs).abs().max()), 0, 1e-3, "answers")


def manifest_notices_another_file() -> None:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "manifest.json"
        (Path(name) / "net.onnx").write_bytes(b"one")
        manifest.update(path, {"name": "net", "file": "net.onnx", "stride": 8})
        manifest.update(path, {"name": "net", "version": "2"})
        near(len(manifest.check(path)), 0, 0, "faults of a true manifest")
        near(manifest.read(path)["networks"][0]["stride"], 8, 0, "kept stride")
        (Path(name) / "net.onnx").write_bytes(b"two")
        near(len(manifest.check(path)), 1, 0, "faults after the file changed")


CHECKS: tuple[Callable[[], None], ...] = (
    codec_returns_the_boxes, unknown_places_cost_nothing, losses_fall_to_nothing, average_precision_by_hand,
    suppression_keeps_the_best, lens_looks_straight_ahead, scenes_are_seeded_and_boxed,
    pieces_keep_boxes_on_their_packs, coco_parts_facings_from_others, export_equals_torch, reopened_says_the_same, manifest_notices_another_file,
)


def main() -> int:
    failed = 0
    for check in CHECKS:
        try:
            check()
        except Exception:
            failed += 1
            print(f"FAIL {check.__name__}", file=sys.stderr)
            traceback.print_exc()
    print(f"{len(CHECKS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
