"""`python -m simulators`: all outside systems until SIGTERM or Ctrl-C."""

import signal
import sys
import threading

from pydantic import ValidationError

from simulators.serve import start
from simulators.settings import Settings


def main() -> int:
    """0 after a signal; 2 where the settings or the ports do not allow a start."""
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    try:
        running = start(Settings())
    except (ValidationError, OSError) as error:
        sys.stderr.write(f"simulators: {error}\n")
        return 2
    with running:
        places = "  ".join(f"{name} {url}" for name, url in running.urls.items())
        register = running.register
        sys.stdout.write(
            f"simulators: {len(running.world.tasks)} tasks, {len(running.world.clients)} clients  {places}"
            f"  clients database {register.clients_database_id}\n"
        )
        sys.stdout.flush()
        stopped.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
