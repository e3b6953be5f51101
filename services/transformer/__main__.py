"""Wires the transformer."""

import sys
import threading
from datetime import timedelta

import structlog

from services.transformer.approved import ApprovedRemovals
from services.transformer.export import Export
from services.transformer.forget import forgetting
from services.transformer.service import LoadRawData
from services.transformer.settings import Settings
from services.transformer.tidy import gestta, notion
from services.transformer.version import rules_version
from services.transformer.warehouse import Warehouse
from shared import clock, health, log
from shared.contracts.events import RawDataReady
from shared.database.connection import connect, wait_for_schema
from shared.database.forget import EVERY
from shared.landing import Landing
from shared.messaging.rabbitmq import BrokerRefused
from shared.messaging.run import run, stop_on_signals
from shared.messaging.service import Every, On, Service
from shared.settings import load

QUEUE = "transformer.raw_data_ready"


def main() -> int:
    settings = load(Settings)
    log.configure(service="transformer", level=settings.log_level)
    engine = connect(settings.warehouse_url, name="transformer")
    warehouse = Warehouse(engine, reject_limit=settings.reject_limit)
    load_raw_data = LoadRawData(
        landing=Landing(settings.landing_url),
        warehouse=warehouse,
        tidy={"gestta": gestta.tidy, "notion": notion.tidy},
        removal_limit=settings.removal_limit,
        rules_version=rules_version(),
        now=clock.now,
    )
    approved = ApprovedRemovals(engine, source="/services/transformer", now=clock.now)
    forget = forgetting(engine, clock.now)
    export = Export(engine, settings.export_dir, clock.now)
    service = Service(
        name="transformer",
        amqp_url=settings.broker_url,
        does=[
            On(QUEUE, {RawDataReady: load_raw_data}, proves=("database", "landing")),
            Every("export", timedelta(seconds=15), export.beat),
            Every("approved_removals", timedelta(seconds=15), approved.beat),
            Every("forget", EVERY, forget.beat),
        ],
    )
    health.serve(service.health, settings.health_port)
    stop_on_signals(service.stop)
    if not wait_for_schema(engine, service.stop):
        return 0
    try:
        run(service)
    except BrokerRefused as error:
        structlog.get_logger().error("cannot start", reason=str(error))
        return 1
    return 0


if __name__ == "__main__":
    threading.current_thread().name = "road"
    sys.exit(main())
