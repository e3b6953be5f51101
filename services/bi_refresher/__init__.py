"""Refresher: the BI panel is refreshed by its own button, at most once per gap.

consumes  warehouse.loaded.v1 from `bi_refresher.warehouse_loaded`
produces  report.refreshed.v1, report.refresh_failed.v1, auth.failed.v1 and auth.recovered.v1 of `powerbi`
owns      ops.refresh_requests, ops.refresh_runs, the browser's profile, the landing's `evidence/powerbi`
talks to  Postgres (login `bi_refresher`), the BI portal (headless Chromium), the landing (writes evidence only)
if it is down, then the loads' demand waits in the queue and in Postgres: the panel ages, one refresh makes up for it
"""
