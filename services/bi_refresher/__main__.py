"""Wires the refresher: `python -m services.bi_refresher`, and `--check` to try its settings and credentials."""

import sys
import threading
import time
from datetime import timedelta

import structlog

from services.bi_refresher.check import check
from services.bi_refresher.forget import forgetting
from services.bi_refresher.portal.pages import ModelPage, ReportPage
from services.bi_refresher.portal.robot import Robot
from services.bi_refresher.refresh_log import PostgresRefreshLog
from services.bi_refresher.service import Refresher
from services.bi_refresher.settings import Settings
from shared import clock, health, log
from shared.checks import Check, tell
from shared.contracts.events import WarehouseLoaded
from shared.database.connection import connect, wait_for_schema
from shared.database.forget import EVERY
from shared.landing import Landing
from shared.messaging.rabbitmq import BrokerRefused
from shared.messaging.run import run, stop_on_signals
from shared.messaging.service import Every, On, Service
from shared.settings import SettingsError, load

QUEUE = "bi_refresher.warehouse_loaded"


def main(arguments: list[str]) -> int:
    checking = arguments == ["--check"]
    if arguments and not checking:
        sys.stderr.write("usage: python -m services.bi_refresher [--check]\n")
        return 2
    try:
        settings = load(Settings)
    except SettingsError as error:
        if not checking:
            raise
        return tell([Check("settings", False, f"há variáveis erradas: {error}")])
    log.configure(service="bi_refresher", level="CRITICAL" if checking else settings.log_level)
    engine = connect(settings.warehouse_url, name="bi_refresher")
    stop = threading.Event()
    robot = Robot(
        page=ModelPage() if settings.bi_flow == "powerbi" else ReportPage(),
        url=settings.bi_url,
        email=settings.bi_email,
        password=settings.bi_password.get_secret_value(),
        profile=settings.bi_profile_dir,
        shelf=Landing(settings.landing_url),
        now=clock.now,
        stop=stop,
    )
    if checking:
        return tell(check(broker_url=settings.broker_url, engine=engine, robot=robot))
    refresher = Refresher(
        runs=PostgresRefreshLog(engine),
        portal=robot,
        gap=settings.bi_refresh_gap,
        now=clock.now,
        ticks=time.monotonic,
    )
    service = Service(
        name="bi_refresher",
        amqp_url=settings.broker_url,
        does=[
            On(QUEUE, {WarehouseLoaded: refresher.note}, proves=("database",)),
            Every("refresh", timedelta(seconds=1), refresher.beat),
            Every("forget", EVERY, forgetting(engine, clock.now).beat),
        ],
        stop=stop,
    )
    health.serve(service.health, settings.health_port)
    stop_on_signals(stop)
    if not wait_for_schema(engine, stop):
        return 0
    try:
        run(service)
    except BrokerRefused as error:
        structlog.get_logger().error("cannot start", reason=str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
