GRANT USAGE ON SCHEMA operacional, ops, bi TO transformer, console;
GRANT USAGE ON SCHEMA ops, bi TO bi_refresher, notifier, panel_reader;
GRANT USAGE ON SCHEMA bi TO bi_reader;
GRANT SELECT ON ops.schema_version TO transformer, bi_refresher, notifier, console, panel_reader;

GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA operacional TO transformer;
GRANT SELECT, INSERT, UPDATE ON ops.sightings, ops.scopes, ops.processed_events, ops.loads, ops.pending_removals TO transformer;
GRANT DELETE ON ops.scopes TO transformer;
GRANT SELECT, INSERT ON ops.rejected_rows, ops.quality TO transformer;
GRANT SELECT ON bi.operational_panel, bi.freshness TO transformer;

GRANT SELECT, INSERT, UPDATE ON ops.refresh_requests, ops.refresh_runs, ops.processed_events TO bi_refresher;
GRANT SELECT, INSERT, UPDATE ON ops.notifications, ops.processed_events TO notifier;
GRANT SELECT ON bi.freshness TO notifier;

GRANT SELECT ON ALL TABLES IN SCHEMA operacional, ops, bi TO console;
GRANT UPDATE (decision, decided_by, decided_at) ON ops.pending_removals TO console;

GRANT SELECT ON ALL TABLES IN SCHEMA bi TO bi_reader, panel_reader;
