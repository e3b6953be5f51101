"""Proportional set size of each running service, over its process tree.

While a demo of processes runs: `.venv/bin/python -m bench.memory`
"""

import sys

import psutil

from local import demo_processes

SERVICES = ("notion_extractor", "gestta_extractor", "transformer", "bi_refresher", "notifier")
LIMIT_MIB = 450


def pss(service: str) -> float:
    """MiB of the service's processes and their children; 0 where it does not run."""
    command = ["-m", f"services.{service}"]
    roots = [
        p
        for p in psutil.process_iter(["cmdline", "cwd"])
        # Those of the demo alone: tests run the same commands.
        if (p.info["cmdline"] or [])[1:3] == command and p.info["cwd"] == str(demo_processes.home())
    ]
    tree = {process for root in roots for process in (root, *root.children(recursive=True))}
    return float(sum(process.memory_full_info().pss for process in tree)) / 2**20


def told() -> bool:
    """Print each service's figure; returns whether all run and together hold the bar."""
    figures = {service: pss(service) for service in SERVICES}
    for service, mib in figures.items():
        print(f"{service:18} {mib:6.0f} MiB")
    total = sum(figures.values())
    holds = all(figures.values()) and total < LIMIT_MIB
    print(f"{'together':18} {total:6.0f} MiB, bar {LIMIT_MIB}: {'holds' if holds else 'does not hold'}")
    return holds


def browser_runs() -> bool:
    """Whether the refresher's browser is open: it comes for seconds and goes."""
    return any("chrom" in (p.info["name"] or "") for p in psutil.process_iter(["name"]))


def main() -> int:
    return 0 if told() else 1


if __name__ == "__main__":
    sys.exit(main())
