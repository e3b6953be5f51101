"""Wires the Notion extractor."""

import argparse
import os
import sys
from datetime import timedelta
from pathlib import Path

import structlog

from services.notion_extractor import check
from services.notion_extractor.credentials import Credentials
from services.notion_extractor.ids import source_id
from services.notion_extractor.mapping_file import read_mapping
from services.notion_extractor.notion_api import NotionApi
from services.notion_extractor.service import Extract, Pacing
from services.notion_extractor.settings import Settings
from services.notion_extractor.sheet import cells_of
from services.notion_extractor.source import Lander
from services.notion_extractor.telling import Teller
from services.notion_extractor.titles import Titles
from services.notion_extractor.tokens import Tokens
from shared import clock, health, log
from shared.clock import ReadClock
from shared.contracts.events import RunNow, TokenSupplied
from shared.extraction.announce import Announcer
from shared.extraction.news import News
from shared.extraction.pruning import pruning
from shared.extraction.record import Memory, Recorder
from shared.extraction.spreadsheets import Spreadsheets
from shared.extraction.supplied import SuppliedTokens
from shared.landing import Landing
from shared.messaging.once import run_once
from shared.messaging.rabbitmq import BrokerRefused
from shared.messaging.run import run, stop_on_signals
from shared.messaging.service import Every, On, Service
from shared.settings import SettingsError, load

NAME = "notion_extractor"


def main() -> int:
    arguments = argparse.ArgumentParser(prog=f"python -m services.{NAME}", description=__doc__)
    arguments.add_argument("--once", action="store_true", help="read every source once and end (for cron)")
    arguments.add_argument("--check", action="store_true", help="try the settings and credentials, for the doctor")
    asked = arguments.parse_args()
    settings = load(Settings)
    log.configure(service=NAME, level=settings.log_level)
    mappings = read_mapping(settings.notion_mapping)
    sources = read_sources(settings.notion_sources)
    landing = Landing(settings.landing_url)
    reads = ReadClock()
    credentials = with_tokens(settings, reads)
    if asked.check:
        return check.main(settings, credentials, mappings)
    source = f"/services/{NAME}"
    recorder = Recorder(landing, "notion", source, Memory(), reads)
    service = Service(
        name=NAME,
        amqp_url=settings.broker_url,
        does=[],
        exclusive=f"{NAME}.running",
        on_turn=recorder.outdated.set,
    )
    announcer = Announcer(landing, "notion")
    spreadsheets = Spreadsheets(landing, cells_of)
    tell = Teller(News(announcer, "notion", source=source, now=clock.now))
    tokens = Tokens(credentials, tell, clock.now)
    extract = Extract(
        tokens=tokens,
        sources=sources,
        mappings=mappings,
        landing=landing,
        lander=Lander(
            recorder,
            Titles(full_every=settings.notion_full_every, now=clock.now),
        ),
        announcer=announcer,
        spreadsheets=spreadsheets,
        tell=tell,
        pacing=Pacing(settings.notion_every, settings.notion_full_every, settings.notion_requests_per_minute),
        now=clock.now,
        stop=service.stop,
    )
    if settings.notion_webhook_listen and not asked.once:
        take_webhooks(settings, settings.notion_webhook_listen, extract, service)
    stop_on_signals(service.stop)
    health.serve(service.health, settings.health_port)
    try:
        if asked.once:
            return run_once(service, announcer, extract.run_whole_plan)
        service.does.extend(
            (
                On(f"{NAME}.commands", {TokenSupplied: tokens.on_token, RunNow: extract.on_run_now}),
                Every("extract", settings.notion_every, extract.run, wake=tokens.wake),
                Every("token", timedelta(seconds=2), tokens.look),
                spreadsheets.every,
                pruning(landing, "notion", keep=settings.landing_keep, now=clock.now),
                announcer.every,
            )
        )
        run(service)
    except BrokerRefused as error:
        structlog.get_logger().error("cannot start", reason=str(error))
        return 1
    return 0


def take_webhooks(settings: Settings, address: tuple[str, int], extract: Extract, service: Service) -> None:
    """Near-streaming: pages that Notion's webhooks name are read within seconds."""
    from services.notion_extractor import receiver  # nobody needs its server who takes none

    given = settings.notion_webhook_token.get_secret_value() if settings.notion_webhook_token else None
    try:
        receiver.serve(*address, receiver.Token(settings.tokens_dir, given), extract.dirty)
    except OSError as error:
        raise SettingsError(
            f"these settings are wrong, see .env.example:\n  NOTION_WEBHOOK_LISTEN: {address}: {error}"
        ) from None
    service.does.append(Every("webhooks", timedelta(seconds=2), extract.read_dirty_pages))


def with_tokens(settings: Settings, reads: ReadClock) -> Credentials[NotionApi]:
    """The order of tokens, with NOTION_TOKEN's file read anew each time: somebody may replace it."""
    given = settings.notion_token.get_secret_value() if settings.notion_token else None
    path = os.environ.get("NOTION_TOKEN_FILE")

    def from_settings() -> str | None:
        if not path:
            return given
        try:
            return Path(path).read_text(encoding="utf-8").strip() or None
        except OSError:
            return given

    def make(token: str) -> NotionApi:
        return NotionApi(
            settings.notion_api_url, token, requests_per_minute=settings.notion_requests_per_minute, reads=reads
        )

    return Credentials(SuppliedTokens(settings.tokens_dir, "notion"), from_settings, make)


def read_sources(given: tuple[str, ...]) -> list[str]:
    """The ids in NOTION_SOURCES. Raises `SettingsError` that names each entry without one."""
    ids, wrong = [], []
    for entry in given:
        try:
            ids.append(source_id(entry))
        except ValueError as error:
            wrong.append(f"  NOTION_SOURCES: {error}")
    if wrong:
        raise SettingsError("these settings are wrong, see .env.example:\n" + "\n".join(wrong))
    return ids


if __name__ == "__main__":
    sys.exit(main())
