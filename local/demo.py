"""`make demo` and `make stop`: the whole system on this machine, through compose or as supervised processes."""

import os
import shutil
import subprocess
import sys

from local import demo_compose, demo_processes
from local.preflight import Unfit

KINDS = ("processes", "compose")


def kind() -> str:
    """`DEMO` says which; else compose where an engine answers. Raises `Unfit`."""
    asked = os.environ.get("DEMO")
    if asked:
        if asked not in KINDS:
            raise Unfit(f"DEMO={asked} is not known: DEMO=processes or DEMO=compose")
        return asked
    return "compose" if engine_answers() else "processes"


def engine_answers() -> bool:
    """Whether Docker and its compose plugin can be used by who asks."""
    return shutil.which("docker") is not None and all(
        subprocess.run(["docker", *question], check=False, capture_output=True).returncode == 0
        for question in (("compose", "version"), ("info",))
    )


def console(words: list[str]) -> int:
    """The console on the demo that runs here, whichever kind it is; its exit code. Raises `Unfit` where none runs."""
    known = demo_processes.running()
    if known:
        return demo_processes.console(known, words)
    if engine_answers() and demo_compose.containers():
        return demo_compose.console(words)
    raise Unfit("no demo is running here: `make demo` starts one")


def main(arguments: list[str]) -> int:
    try:
        match arguments:
            case []:
                (demo_compose if kind() == "compose" else demo_processes).run()
            case ["stop"]:
                stopped = demo_processes.stop()
                if engine_answers():
                    stopped += demo_compose.stop()
                print("stopped" if stopped else "no demo is running")
            case ["console", *words]:
                return console(words)
            case _:
                print("usage: python -m local.demo [stop | console ...]", file=sys.stderr)
                return 2
    except Unfit as unfit:
        print(f"\n{unfit}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
