"""Wires the Gestta extractor."""

import argparse
import sys
from datetime import timedelta

import structlog

from services.gestta_extractor import check
from services.gestta_extractor.access import Access
from services.gestta_extractor.gestta_api import GesttaApi
from services.gestta_extractor.service import Extract, Range
from services.gestta_extractor.settings import Settings
from services.gestta_extractor.sources import credentials
from shared import clock, health, log
from shared.clock import ReadClock
from shared.contracts.events import RunNow, TokenSupplied
from shared.extraction.announce import Announcer
from shared.extraction.news import News
from shared.extraction.pruning import pruning
from shared.extraction.record import Memory, Recorder
from shared.extraction.spreadsheets import Spreadsheets
from shared.landing import Landing
from shared.messaging.once import run_once
from shared.messaging.rabbitmq import BrokerRefused
from shared.messaging.run import run, stop_on_signals
from shared.messaging.service import Every, On, Service
from shared.settings import load

NAME = "gestta_extractor"


def main() -> int:
    arguments = argparse.ArgumentParser(prog=f"python -m services.{NAME}", description=__doc__)
    arguments.add_argument("--once", action="store_true", help="read the whole plan once and end (for cron)")
    arguments.add_argument("--check", action="store_true", help="try the settings and credentials, for the doctor")
    asked = arguments.parse_args()
    settings = load(Settings)
    log.configure(service=NAME, level=settings.log_level)
    if asked.check:
        return check.main(settings)
    landing = Landing(settings.landing_url)
    reads = ReadClock()
    api = GesttaApi(settings.gestta_api_url, requests_per_hour=settings.gestta_requests_per_hour, reads=reads)
    source = f"/services/{NAME}"
    recorder = Recorder(landing, "gestta", source, Memory(), reads)
    service = Service(
        name=NAME,
        amqp_url=settings.broker_url,
        does=[],
        exclusive=f"{NAME}.running",
        on_turn=recorder.outdated.set,
    )
    announcer = Announcer(landing, "gestta")
    news = News(announcer, "gestta", source=source, now=clock.now)
    spreadsheets = Spreadsheets(landing)
    extract = Extract(
        api=api,
        access=Access(
            api,
            credentials(settings, api, landing, service.stop),
            news,
            now=clock.now,
            warning=settings.gestta_token_warning,
        ),
        recorder=recorder,
        announcer=announcer,
        spreadsheets=spreadsheets,
        news=news,
        range=Range(
            settings.gestta_from,
            settings.gestta_to,
            settings.gestta_block,
            settings.gestta_every,
            settings.gestta_requests_per_hour,
            settings.gestta_task_url,
        ),
        now=clock.now,
        stop=service.stop,
        wait=service.stop.wait,
    )
    stop_on_signals(service.stop)
    health.serve(service.health, settings.health_port)
    try:
        if asked.once:
            return run_once(service, announcer, extract.run_whole_plan)
        service.does.extend(
            (
                On(f"{NAME}.commands", {TokenSupplied: extract.on_token, RunNow: extract.on_run_now}),
                Every("extract", settings.gestta_every, extract.run, wake=extract.wake),
                Every("token", timedelta(seconds=2), extract.look_for_token),
                spreadsheets.every,
                pruning(landing, "gestta", keep=settings.landing_keep, now=clock.now),
                announcer.every,
            )
        )
        run(service)
    except BrokerRefused as error:
        structlog.get_logger().error("cannot start", reason=str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
