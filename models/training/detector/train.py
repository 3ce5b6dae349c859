"""Trains the detector: seeded, resumable, on a CPU.

    python3 -m detector.train --run DIR --init nanodet-g-backbone.pth \\
        --source flat:0.5:FLAT --source synth:0.3:SYNTH --source photos:0.2:beverage3/train

The learning rate warms up, stays, and falls along a half cosine over the last `--decay` steps before
`--steps`, so a run can be prolonged by resuming it with a larger `--steps` before the fall begins.
`last.pt` in the run's folder holds everything needed to go on; `ema.pt` the averaged weights that
export and evaluation use.
"""

from __future__ import annotations

import argparse
import copy
import math
import time
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import DataLoader

from detector.boxes import box_loss, heat_loss
from detector.network import DISTANCE_UNIT, KINDS, FacingDetector, parameters
from detector.reopen import settle
from detector.sources import Batches, Source, parse_source

SEED = 20240517
WARM_UP = 150
EMA_DECAY = 0.998
BOX_WEIGHT = 2.5
BACKBONE_PACE = 0.4
SETTLING = 12
SAVE_SECONDS = 120


def rate(step: int, steps: int, decay: int, peak: float) -> float:
    """The learning rate at a step."""
    if step < WARM_UP:
        return peak * (step + 1) / WARM_UP
    if step < steps - decay:
        return peak
    return peak * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * (step - (steps - decay)) / max(decay, 1))))


class Average:
    """An exponential moving average of the weights; batch norm's statistics are taken as they are."""

    def __init__(self, model: FacingDetector) -> None:
        self.model = copy.deepcopy(model).eval()

    @torch.no_grad()
    def update(self, model: FacingDetector, step: int) -> None:
        keep = min(EMA_DECAY, (1 + step) / (10 + step))
        for ours, theirs in zip(self.model.state_dict().values(), model.state_dict().values()):
            if ours.dtype.is_floating_point:
                ours.mul_(keep).add_(theirs.detach(), alpha=1 - keep)
            else:
                ours.copy_(theirs)


def groups(model: FacingDetector) -> list[dict]:
    """The parameters as AdamW takes them: norms and biases do not decay, the backbone, which knows much already, moves slower."""
    out = []
    for name, pace in (("backbone.", BACKBONE_PACE), ("", 1.0)):
        mine = [p for n, p in model.named_parameters() if n.startswith("backbone.") == bool(name)]
        out.append({"params": [p for p in mine if p.ndim > 1], "weight_decay": 1e-4, "pace": pace})
        out.append({"params": [p for p in mine if p.ndim <= 1], "weight_decay": 0.0, "pace": pace})
    return out


def settled(model: FacingDetector, sources: list[Source]) -> FacingDetector:
    """Gives the norms of a backbone that was published without them true statistics; what it says stays."""
    layers = [m for m in model.backbone.modules() if isinstance(m, (nn.Conv2d, nn.BatchNorm2d))]
    batches = iter(Batches(sources, SEED, 0))
    settle(model.eval(), dict(zip(layers[0::2], layers[1::2])), [next(batches)["image"].float().div_(255) for _ in range(SETTLING)])
    return model


def save(path: Path, content: object) -> None:
    """Writes the file whole or not at all."""
    part = path.with_suffix(".part")
    torch.save(content, part)
    part.rename(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True, help="folder of checkpoints and the log")
    parser.add_argument("--kind", choices=sorted(KINDS), default="broad")
    parser.add_argument("--init", type=Path, required=True, help="backbone to start from: shufflenetv2.pth (slim), or what common.nanodet writes (broad)")
    parser.add_argument("--warm", type=Path, help="ema.pt of an earlier run to start from, step 0 again")
    parser.add_argument("--source", action="append", required=True, help="KIND:WEIGHT:FOLDER, several times")
    parser.add_argument("--steps", type=int, default=12000)
    parser.add_argument("--decay", type=int, default=3000)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--bfloat16", action="store_true", help="compute in bfloat16, for CPUs that have it: half the time")
    args = parser.parse_args()
    torch.manual_seed(SEED)
    torch.set_num_threads(args.threads)
    args.run.mkdir(parents=True, exist_ok=True)
    sources = [parse_source(s) for s in args.source]
    model = FacingDetector(args.kind, args.init)
    if args.kind == "broad" and not args.warm and not (args.run / "last.pt").exists():
        settled(model, sources)
    model.to(memory_format=torch.channels_last)
    average = Average(model)
    optimiser = torch.optim.AdamW(groups(model), lr=args.rate)
    step = 0
    if args.warm and not (args.run / "last.pt").exists():
        earlier = torch.load(args.warm, map_location="cpu")["model"]
        unknown = model.load_state_dict(earlier, strict=False).unexpected_keys
        if unknown:
            raise SystemExit(f"error: {args.warm} is of another network: {unknown[0]} has no place in this one")
        average.model.load_state_dict(model.state_dict())
    if (args.run / "last.pt").exists():
        state = torch.load(args.run / "last.pt", map_location="cpu")
        model.load_state_dict(state["model"])
        average.model.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
        step = state["step"]
    log = (args.run / "log.txt").open("a")

    def say(line: str) -> None:
        print(line, flush=True)
        log.write(line + "\n")
        log.flush()

    say(f"step {step} of {args.steps}, {parameters(model)} parameters, sources {args.source}")
    batches = DataLoader(Batches(sources, SEED, step), batch_size=None, num_workers=args.workers, prefetch_factor=4)
    model.train()
    began, saved, seen = time.monotonic(), time.monotonic(), 0
    heat_mean, box_mean = 0.0, 0.0
    for batch in batches:
        for group in optimiser.param_groups:
            group["lr"] = rate(step, args.steps, args.decay, args.rate) * group["pace"]
        image = batch["image"].float().div_(255).contiguous(memory_format=torch.channels_last)
        with torch.cpu.amp.autocast(enabled=args.bfloat16):
            heat, box = (o.float() for o in model(image))
        on_heat = heat_loss(heat, batch["heat"], batch["care"])
        # the clamp only tames the first steps; the graph that is exported has none
        on_box = box_loss(torch.exp(box.clamp(max=4.0)) * DISTANCE_UNIT, batch["box"], batch["weight"])
        optimiser.zero_grad(set_to_none=True)
        (on_heat + BOX_WEIGHT * on_box).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 10.0)
        optimiser.step()
        average.update(model, step)
        step += 1
        seen += len(image)
        mix = 0.02 if step > 100 else 0.2
        heat_mean += mix * (float(on_heat) - heat_mean)
        box_mean += mix * (float(on_box) - box_mean)
        if step % 50 == 0:
            say(f"step {step} heat {heat_mean:.4f} box {box_mean:.4f} rate {optimiser.param_groups[-1]['lr']:.2e} {seen / (time.monotonic() - began):.1f} pieces/s")
        if time.monotonic() - saved > SAVE_SECONDS or step >= args.steps:
            saved = time.monotonic()
            save(args.run / "last.pt", {"model": model.state_dict(), "average": average.model.state_dict(), "optimiser": optimiser.state_dict(), "kind": args.kind, "step": step})
            save(args.run / "ema.pt", {"model": average.model.state_dict(), "kind": args.kind, "step": step})
        if step >= args.steps:
            break
    say(f"done at step {step}")


if __name__ == "__main__":
    main()
