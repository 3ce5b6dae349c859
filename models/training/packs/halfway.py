"""The mean of the weights before and after a run, which keeps what the start knew: python3 -m packs.halfway --run RUN --out HALF

After Wortsman et al. 2022, "Robust fine-tuning of zero-shot models". Reads RUN/warm.pt and RUN/last.pt, writes HALF/last.pt
for packs.export.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    before = torch.load(args.run / "warm.pt", map_location="cpu")["model"]
    after = torch.load(args.run / "last.pt", map_location="cpu")["average"]
    mean = {k: (v + before[k]) / 2 if v.dtype.is_floating_point else v for k, v in after.items()}
    args.out.mkdir(parents=True, exist_ok=True)
    torch.save({"average": mean}, args.out / "last.pt")


if __name__ == "__main__":
    main()
