"""Views of a flat, front-on canvas through cameras that stand at the same point but look elsewhere.

A canvas is what a pinhole camera at distance 1 (in canvas focal lengths) sees looking straight at the
shelf. Any camera at the same place, turned and with any lens, sees a warp of it; this module gives
that warp for pinhole and equisolid fisheye lenses.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Camera:
    """A camera: picture size in pixels, field of view across in radians, angles in radians."""

    width: int
    height: int
    field: float
    pan: float
    tilt: float
    roll: float
    fisheye: bool


def rotation(pan: float, tilt: float, roll: float) -> np.ndarray:
    """Camera to canvas: x right, y down, z forward; roll first, then tilt, then pan."""
    cp, sp, ct, st, cr, sr = np.cos(pan), np.sin(pan), np.cos(tilt), np.sin(tilt), np.cos(roll), np.sin(roll)
    about_y = np.array([[cp, 0, sp], [0, 1, 0], [-sp, 0, cp]])
    about_x = np.array([[1, 0, 0], [0, ct, -st], [0, st, ct]])
    about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return about_y @ about_x @ about_z


def canvas_map(camera: Camera, focal: float, centre: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    """For every picture pixel the canvas pixel it sees, as cv2.remap wants it.

    `focal` is the canvas' focal length in pixels and `centre` where its axis meets it. Rays that
    never meet the canvas get -1e6.
    """
    x = np.arange(camera.width, dtype=np.float32) - (camera.width - 1) / 2
    y = np.arange(camera.height, dtype=np.float32) - (camera.height - 1) / 2
    x, y = np.meshgrid(x, y)
    half = camera.width / 2
    if camera.fisheye:
        scale = half / (2 * np.sin(camera.field / 4))
        radius = np.hypot(x, y)
        angle = 2 * np.arcsin(np.clip(radius / (2 * scale), 0, 1))
        side = np.sin(angle) / np.maximum(radius, 1e-6)
        ray = np.stack([x * side, y * side, np.cos(angle)], -1)
    else:
        scale = half / np.tan(camera.field / 2)
        ray = np.stack([x / scale, y / scale, np.ones_like(x)], -1)
    ray = ray @ rotation(camera.pan, camera.tilt, camera.roll).T.astype(np.float32)
    ahead = ray[..., 2] > 0.05
    depth = np.where(ahead, ray[..., 2], 1)
    map_x = np.where(ahead, ray[..., 0] / depth * focal + centre[0], -1e6)
    map_y = np.where(ahead, ray[..., 1] / depth * focal + centre[1], -1e6)
    return map_x.astype(np.float32), map_y.astype(np.float32)
