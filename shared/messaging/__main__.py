"""`python -m shared.messaging declare`: build the topology in the broker, once, beside the migrations."""

import sys

from shared import log
from shared.errors import RoadClosed, Transient
from shared.messaging import rabbitmq
from shared.settings import Broker, load


def main() -> int:
    if sys.argv[1:] != ["declare"]:
        sys.stderr.write("usage: python -m shared.messaging declare\n")
        return 2
    settings = load(Broker)
    log.configure(service="declare", level=settings.log_level)
    try:
        count = rabbitmq.declare(settings.broker_url)
    except (RoadClosed, Transient, rabbitmq.BrokerRefused) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"the topology stands: {count} queues\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
