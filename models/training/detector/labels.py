"""Made-up label art: colours, shapes, brand words, small print, barcodes, scraps of photos."""

from __future__ import annotations

import colorsys
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

Picture = np.ndarray  # H x W x 3, uint8, BGR

FONT_FOLDER = Path("/usr/share/fonts")
SYLLABLES = "zo ra lac ti va vol trix mi ro ko la fru ben su ka lo no mel qui do ar eko sta per glu".split()
HAN = "清爽果汁茶乳酸菌水蜜桃橙柠檬苹果葡萄草莓可乐咖啡牛奶运动能量气泡冰红绿"


@lru_cache(maxsize=1)
def font_files() -> tuple[str, ...]:
    """Debian's DejaVu and Noto CJK faces, as far as they are installed."""
    found = sorted(str(p) for p in FONT_FOLDER.rglob("*.tt[fc]") if "Math" not in p.name)
    if not found:
        raise FileNotFoundError(f"no TrueType fonts under {FONT_FOLDER}: install fonts-dejavu and fonts-noto-cjk")
    return tuple(found)


@lru_cache(maxsize=256)
def font(index: int, size: int) -> ImageFont.FreeTypeFont:
    files = font_files()
    return ImageFont.truetype(files[index % len(files)], size)


def colour(rng: np.random.Generator, vivid: float | None = None) -> tuple[int, int, int]:
    """A random BGR colour, skewed to the loud ones packs are printed in."""
    saturation = rng.beta(2, 1) if vivid is None else vivid
    red, green, blue = colorsys.hsv_to_rgb(rng.random(), saturation, rng.beta(2.2, 1.1))
    return int(255 * blue), int(255 * green), int(255 * red)


def word(rng: np.random.Generator) -> str:
    """A brand or flavour word that means nothing."""
    if rng.random() < 0.25:
        return "".join(rng.choice(list(HAN), rng.integers(2, 5)))
    text = "".join(rng.choice(SYLLABLES, rng.integers(1, 4)))
    return text.upper() if rng.random() < 0.5 else text.capitalize()


def write(picture: Picture, rng: np.random.Generator, text: str, centre: tuple[float, float], width: float, ink: tuple[int, int, int]) -> None:
    """Puts `text` about `width` pixels wide with its middle at `centre`."""
    height, breadth = picture.shape[:2]
    index = int(rng.integers(0, 1000))
    if any(ord(c) > 0x2000 for c in text):
        cjk = [i for i, f in enumerate(font_files()) if "CJK" in f]
        if not cjk:
            text = "NOVA"
        else:
            index = cjk[index % len(cjk)]
    size = int(np.clip(width / max(1, len(text)) * 1.7, 6, 90))
    face = font(index, size)
    box = face.getbbox(text)
    w, h = box[2] - box[0] + 2, box[3] - box[1] + 2
    mask = Image.new("L", (max(w, 1), max(h, 1)), 0)
    ImageDraw.Draw(mask).text((1 - box[0], 1 - box[1]), text, fill=255, font=face)
    stamp = np.asarray(mask)
    if rng.random() < 0.15:
        stamp = np.rot90(stamp)
    h, w = stamp.shape
    x0, y0 = int(centre[0] - w / 2), int(centre[1] - h / 2)
    left, top, right, bottom = max(x0, 0), max(y0, 0), min(x0 + w, breadth), min(y0 + h, height)
    if right <= left or bottom <= top:
        return
    alpha = stamp[top - y0 : bottom - y0, left - x0 : right - x0, None].astype(np.float32) / 255
    part = picture[top:bottom, left:right]
    part[:] = (part * (1 - alpha) + np.array(ink, np.float32) * alpha).astype(np.uint8)


def small_print(picture: Picture, rng: np.random.Generator, box: tuple[int, int, int, int], ink: tuple[int, int, int]) -> None:
    """Lines of text too small to read, or a nutrition table."""
    x, y, w, h = box
    step = int(rng.integers(4, 8))
    for line in range(y, y + h, step):
        at = x
        while at < x + w:
            run = int(rng.integers(2, 12))
            cv2.line(picture, (at, line), (min(at + run, x + w), line), ink, 1)
            at += run + int(rng.integers(2, 5))
    if rng.random() < 0.4:
        cv2.rectangle(picture, (x - 2, y - 2), (x + w + 2, y + h + 2), ink, 1)


def barcode(picture: Picture, rng: np.random.Generator, box: tuple[int, int, int, int]) -> None:
    x, y, w, h = box
    cv2.rectangle(picture, (x, y), (x + w, y + h), (250, 250, 250), -1)
    at = x + 2
    while at < x + w - 2:
        bar = int(rng.integers(1, 4))
        cv2.rectangle(picture, (at, y + 2), (min(at + bar - 1, x + w - 2), y + h - 3), (15, 15, 15), -1)
        at += bar + int(rng.integers(1, 4))


def shapes(picture: Picture, rng: np.random.Generator, inks: list[tuple[int, int, int]]) -> None:
    """Bands, waves, discs, rays, flashes in the pack's own colours."""
    height, width = picture.shape[:2]
    for _ in range(int(rng.integers(1, 6))):
        ink = inks[int(rng.integers(len(inks)))]
        kind = rng.integers(0, 6)
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        if kind == 0:
            y2 = y + rng.uniform(0.03, 0.3) * height
            cv2.rectangle(picture, (0, int(y)), (width, int(y2)), ink, -1)
        elif kind == 1:
            axes = (int(rng.uniform(0.05, 0.35) * width), int(rng.uniform(0.05, 0.3) * width))
            cv2.ellipse(picture, (int(x), int(y)), axes, rng.uniform(0, 180), 0, 360, ink, -1 if rng.random() < 0.7 else 3, cv2.LINE_AA)
        elif kind == 2:
            points = np.stack([rng.uniform(0, width, 5), rng.uniform(0, height, 5)], 1).astype(np.int32)
            cv2.fillPoly(picture, [cv2.convexHull(points)], ink, cv2.LINE_AA)
        elif kind == 3:
            across = np.arange(0, width + 8, 8)
            wave = y + rng.uniform(3, 0.12 * height + 4) * np.sin(across / rng.uniform(8, 60) + x)
            points = np.concatenate([np.stack([across, wave], 1), [[width, height], [0, height]]]).astype(np.int32)
            cv2.fillPoly(picture, [points], ink, cv2.LINE_AA)
        elif kind == 4:
            for angle in np.arange(0, 2 * np.pi, np.pi / rng.integers(4, 12)):
                far = (int(x + width * np.cos(angle)), int(y + width * np.sin(angle)))
                cv2.line(picture, (int(x), int(y)), far, ink, int(rng.integers(1, 8)), cv2.LINE_AA)
        else:
            for _ in range(int(rng.integers(4, 20))):
                at = (int(rng.uniform(0, width)), int(rng.uniform(0, height)))
                cv2.circle(picture, at, int(rng.integers(2, 16)), ink, -1, cv2.LINE_AA)


def label(rng: np.random.Generator, width: int, height: int, scraps: list[Picture]) -> Picture:
    """A whole label, `width` x `height` pixels; `scraps` are photos to cut pieces from."""
    inks = [colour(rng) for _ in range(int(rng.integers(2, 5)))]
    if rng.random() < 0.35:
        inks[0] = colour(rng, vivid=rng.uniform(0, 0.12))
    picture = np.empty((height, width, 3), np.uint8)
    picture[:] = inks[0]
    if rng.random() < 0.4:
        end = np.array(inks[1], np.float32)
        ramp = np.linspace(0, 1, height, dtype=np.float32)[:, None, None] ** rng.uniform(0.5, 3)
        picture[:] = (picture * (1 - ramp) + end * ramp).astype(np.uint8)
    if scraps and rng.random() < 0.25:
        scrap = scraps[int(rng.integers(len(scraps)))]
        h, w = int(height * rng.uniform(0.25, 0.7)), int(width * rng.uniform(0.3, 1.0))
        y, x = int(rng.uniform(0, height - h + 1)), int(rng.uniform(0, width - w + 1))
        picture[y : y + h, x : x + w] = cv2.resize(scrap, (w, h), interpolation=cv2.INTER_AREA)
    if rng.random() < 0.92:
        shapes(picture, rng, inks)
    dark_ground = np.mean(inks[0]) < 120
    ink = colour(rng, 0.1) if dark_ground else (colour(rng) if rng.random() < 0.6 else (20, 20, 20))
    if rng.random() < 0.9:
        brand = word(rng)
        at = rng.uniform(0.15, 0.6) * height
        for shift in (0.25, 0.75) if rng.random() < 0.5 else (0.5,):
            write(picture, rng, brand, (shift * width, at), width * rng.uniform(0.2, 0.5), ink)
        write(picture, rng, word(rng), (width * 0.5, at + rng.uniform(0.1, 0.3) * height), width * rng.uniform(0.1, 0.3), ink)
    if rng.random() < 0.6 and width > 30 and height > 40:
        small_print(picture, rng, (int(rng.uniform(0, 0.6) * width), int(rng.uniform(0.55, 0.8) * height), int(0.3 * width), int(0.17 * height)), ink)
    if rng.random() < 0.3 and width > 50:
        barcode(picture, rng, (int(rng.uniform(0, 0.7) * width), int(rng.uniform(0.3, 0.8) * height), max(16, int(0.2 * width)), max(10, int(0.12 * height))))
    return picture
