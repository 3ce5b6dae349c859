"""What a shop does to a pack's picture, done to a crop: never to its hue beyond a light's colour, since
a hue is often all that tells two flavours apart."""

from __future__ import annotations

import cv2
import numpy as np

from packs.fit import GREY, HEIGHT, WIDTH, fit

Box = tuple[float, float, float, float]


def moved(box: Box, rng: np.random.Generator, loose: bool) -> Box:
    """The box as a detector would give it: moved and scaled a little, sometimes cut from a side, since
    a neighbour or the next shelf hides a part."""
    x, y, w, h = box
    wobble = 0.10 if loose else 0.045
    x, y = x + rng.normal(0, wobble) * w, y + rng.normal(0, wobble) * h
    w, h = w * float(np.exp(rng.normal(0, wobble))), h * float(np.exp(rng.normal(0, wobble)))
    if rng.random() < 0.3:
        share = rng.uniform(0.05, 0.35)
        side = rng.integers(4)
        if side == 0:
            x, w = x + share * w, (1 - share) * w
        elif side == 1:
            w = (1 - share) * w
        elif side == 2:
            y, h = y + share * h, (1 - share) * h
        else:
            h = (1 - share) * h
    return x, y, max(w, 4), max(h, 4)


def sheared(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A mild change of viewpoint."""
    corners = np.float32([[0, 0], [WIDTH, 0], [WIDTH, HEIGHT], [0, HEIGHT]])
    to = corners + rng.normal(0, 0.05, (4, 2)).astype(np.float32) * (WIDTH, HEIGHT)
    return cv2.warpPerspective(image, cv2.getPerspectiveTransform(corners, np.float32(to)), (WIDTH, HEIGHT), borderValue=(GREY,) * 3)


def lit(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Exposure, gamma, contrast, the light's colour and a gradient of it; x is 0 to 1."""
    x = np.clip(x, 0, 1) ** float(np.exp(rng.normal(0, 0.18)))
    x = x * float(np.exp(rng.normal(0, 0.18))) * np.exp(rng.normal(0, 0.05, 3)).astype(np.float32)
    x = (x - 0.5) * float(np.exp(rng.normal(0, 0.12))) + 0.5
    if rng.random() < 0.3:
        ramp = np.linspace(*np.exp(rng.normal(0, 0.35, 2)), HEIGHT, dtype=np.float32)[:, None, None]
        x = x * ramp
    if rng.random() < 0.2:
        across = np.linspace(*np.exp(rng.normal(0, 0.4, 2)), WIDTH, dtype=np.float32)[None, :, None]
        x = x * across
    return x


def weathered(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Fog, over-exposure, glare, darkness with its noise; at most one of them, and mostly none."""
    kind = rng.random()
    if kind < 0.10:
        veil, share = rng.uniform(0.5, 0.95), rng.uniform(0.2, 0.75)
        x = cv2.GaussianBlur(x, (0, 0), rng.uniform(0.3, 2.0)) * (1 - share) + veil * share
    elif kind < 0.17:
        x = x * rng.uniform(1.2, 1.8)
    elif kind < 0.25:
        x = x * rng.uniform(0.12, 0.5)
    elif kind < 0.33:
        glow = np.zeros((HEIGHT, WIDTH), np.float32)
        centre = (int(rng.integers(WIDTH)), int(rng.integers(HEIGHT)))
        axes = (int(rng.integers(4, WIDTH // 3)), int(rng.integers(4, HEIGHT // 3)))
        cv2.ellipse(glow, centre, axes, float(rng.uniform(0, 180)), 0, 360, 1.0, -1)
        glow = cv2.GaussianBlur(glow, (0, 0), rng.uniform(1, 8))[..., None]
        x = x * (1 - glow) + glow * rng.uniform(0.8, 1.2)
    return x


def covered(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A rail, a tag, a neighbour's edge or a finger over a part."""
    if rng.random() < 0.25:
        w, h = int(rng.uniform(0.1, 0.45) * WIDTH), int(rng.uniform(0.1, 0.4) * HEIGHT)
        x, y = int(rng.integers(-w // 2, WIDTH - w // 2)), int(rng.integers(-h // 2, HEIGHT - h // 2))
        image = image.copy()
        image[max(0, y) : y + h, max(0, x) : x + w] = rng.integers(0, 256, 3)
    return image


def coarse(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Small in the frame, out of focus or moved, noisy, compressed."""
    if rng.random() < 0.5:
        scale = rng.uniform(0.25, 0.9)
        small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        image = cv2.resize(small, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR)
    if rng.random() < 0.2:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.8))
    if rng.random() < 0.12:
        length = int(rng.integers(3, 10))
        kernel = np.zeros((length, length), np.float32)
        angle = rng.uniform(0, np.pi)
        centre, reach = (length - 1) / 2, length / 2
        ends = [(int(centre + s * np.cos(angle) * reach), int(centre + s * np.sin(angle) * reach)) for s in (-1, 1)]
        cv2.line(kernel, ends[0], ends[1], 1.0)
        image = cv2.filter2D(image, -1, kernel / max(kernel.sum(), 1), borderType=cv2.BORDER_REPLICATE)
    return image


def turned(cut: np.ndarray, box: Box, rng: np.random.Generator) -> tuple[np.ndarray, Box]:
    """A photo taken by hand: the pack lies or leans, and is nearer or farther, or off the middle."""
    angle = rng.normal(0, 14) if rng.random() < 0.75 else rng.uniform(-110, 110)
    x, y, w, h = box
    share = rng.uniform(0.35, 1.0)
    side = float(np.sqrt(share))
    cx = x + w / 2 + rng.uniform(-1, 1) * (1 - side) * w * 0.5
    cy = y + h / 2 + rng.uniform(-1, 1) * (1 - side) * h * 0.5
    w, h = w * side * float(np.exp(rng.normal(0, 0.12))), h * side * float(np.exp(rng.normal(0, 0.12)))
    turn = cv2.getRotationMatrix2D((cx, cy), angle, 1)
    image = cv2.warpAffine(cut, turn, (cut.shape[1], cut.shape[0]), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    return image, (cx - w / 2, cy - h / 2, w, h)


def augment(cut: np.ndarray, box: Box, rng: np.random.Generator, photo: bool) -> np.ndarray:
    """One training example of a stored crop: HEIGHT × WIDTH × 3 BGR uint8."""
    if photo and rng.random() < 0.8:
        cut, box = turned(cut, box, rng)
    image = fit(cut, moved(box, rng, photo))
    if rng.random() < 0.6:
        image = sheared(image, rng)
    # What lies outside of the box is the same grey whatever the light, as it is in the agent.
    outside = (image == GREY).all(2)
    image = coarse(covered(image, rng), rng)
    x = weathered(lit(image.astype(np.float32) / 255, rng), rng)
    if rng.random() < 0.5:
        x = x + rng.normal(0, rng.uniform(0.005, 0.06), x.shape).astype(np.float32)
    out = (np.clip(x, 0, 1) * 255).astype(np.uint8)
    if rng.random() < 0.35:
        encoded = cv2.imencode(".jpg", out, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 90))])[1]
        out = cv2.imdecode(encoded, cv2.IMREAD_COLOR)
    out[outside] = GREY
    return out
