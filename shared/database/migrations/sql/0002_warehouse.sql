-- Approved removals are a load that no message caused: what follows from it is said by a beat, until the broker has it.
ALTER TABLE ops.loads ADD COLUMN to_say boolean NOT NULL DEFAULT false;
CREATE INDEX loads_to_say ON ops.loads (load_id) WHERE to_say;

-- What a refresh says, until the broker has it.
ALTER TABLE ops.refresh_runs ADD COLUMN to_say boolean NOT NULL DEFAULT false;
CREATE INDEX refresh_runs_to_say ON ops.refresh_runs (run_id) WHERE to_say;
CREATE INDEX refresh_requests_of_run ON ops.refresh_requests (run_id);

-- Whether people know that nothing of these removals waits any more.
ALTER TABLE ops.pending_removals ADD COLUMN is_over boolean NOT NULL DEFAULT false;
CREATE INDEX pending_removals_not_over ON ops.pending_removals (system) WHERE NOT is_over;

-- When a scope was last read: asked for each scope of a plan.
CREATE INDEX loads_of_scope ON ops.loads (system, scope, read_to);

-- Few rows are gone; each load asks which of its rows are among them.
CREATE INDEX sightings_gone ON ops.sightings (system, row_id) WHERE part = 'gone';

-- Part `forced` is when a row was last seen before a person forced something older upon it: it lives on by that.
-- A digest of what the part said when it was seen: a row that says the same again need not be looked at.
ALTER TABLE ops.sightings ADD COLUMN content bytea;
-- A read updates every row of a page at once: only where each page has room for all of them twice does it stay HOT.
ALTER TABLE ops.sightings SET (fillfactor = 45);

-- The client manager of a task is the register's; `continues` names the task that this one was generated anew for.
ALTER TABLE operacional.task_history ADD COLUMN client_manager text, ADD COLUMN continues text;
CREATE TABLE ops.regenerated (
    system              text NOT NULL,
    row_id              text NOT NULL,
    continues           text NOT NULL,
    batch_ref           text NOT NULL,
    PRIMARY KEY (system, row_id)
);

DROP INDEX operacional.gestta_tasks_client_key;
CREATE INDEX gestta_tasks_client_key ON operacional.gestta_tasks (client_key) WHERE removed_at IS NULL;
CREATE INDEX gestta_tasks_client_document ON operacional.gestta_tasks (client_document)
    WHERE removed_at IS NULL AND client_key IS NULL;
CREATE INDEX notion_tasks_client_key ON operacional.notion_pages (client_key)
    WHERE role = 'tasks' AND removed_at IS NULL;
CREATE INDEX notion_tasks_client_document ON operacional.notion_pages (client_document)
    WHERE role = 'tasks' AND removed_at IS NULL AND client_key IS NULL;
CREATE INDEX gestta_tasks_open ON operacional.gestta_tasks (due_date)
    WHERE removed_at IS NULL AND status NOT IN ('done', 'set_aside', 'cancelled');
CREATE INDEX gestta_tasks_at_odds ON operacional.gestta_tasks (task_id)
    WHERE removed_at IS NULL AND status = 'done'
      AND (source_on_time <> ((completed_at AT TIME ZONE 'America/Sao_Paulo')::date <= due_date)
           OR done_late <> ((completed_at AT TIME ZONE 'America/Sao_Paulo')::date > due_date));

-- More than one page for a client: the newest wins, so that a task is never doubled.
CREATE VIEW operacional.client_by_code AS
SELECT DISTINCT ON (client_key) client_key, trade_name, client_manager, client_state, client_since, url
FROM operacional.notion_pages
WHERE role = 'clients' AND removed_at IS NULL AND client_key IS NOT NULL
ORDER BY client_key, source_updated_at DESC, page_id;

-- What only stands in the place of a document (words, zeros) is nobody's: it would join whoever has it too.
CREATE VIEW operacional.client_by_document AS
SELECT DISTINCT ON (client_document) client_document, trade_name, client_manager, client_state, client_since, url
FROM operacional.notion_pages
WHERE role = 'clients' AND removed_at IS NULL AND client_document ~ '[0-9]' AND client_document !~ '^(.)\1*$'
ORDER BY client_document, source_updated_at DESC, page_id;

CREATE VIEW operacional.open_tasks AS
SELECT 'gestta'::text AS source, task_id, client_key, client_document
FROM operacional.gestta_tasks
WHERE removed_at IS NULL AND status NOT IN ('done', 'set_aside', 'cancelled')
UNION ALL
SELECT 'notion', page_id, client_key, client_document
FROM operacional.notion_pages
WHERE role = 'tasks' AND removed_at IS NULL AND status NOT IN ('done', 'set_aside', 'cancelled');

-- Clients whose tasks and pages do not fit together, by name. Codes and documents are found by skipping through their
-- index: a few hundred steps, however many tasks there are.
CREATE VIEW ops.clients_at_odds AS
WITH RECURSIVE codes AS (
    SELECT least(
        (SELECT min(client_key) FROM operacional.gestta_tasks WHERE removed_at IS NULL),
        (SELECT min(client_key) FROM operacional.notion_pages WHERE role = 'tasks' AND removed_at IS NULL)) AS code
    UNION ALL
    SELECT least(
        (SELECT min(client_key) FROM operacional.gestta_tasks WHERE removed_at IS NULL AND client_key > code),
        (SELECT min(client_key) FROM operacional.notion_pages
         WHERE role = 'tasks' AND removed_at IS NULL AND client_key > code))
    FROM codes WHERE code IS NOT NULL
),
documents AS (
    SELECT least(
        (SELECT min(client_document) FROM operacional.gestta_tasks WHERE removed_at IS NULL AND client_key IS NULL),
        (SELECT min(client_document) FROM operacional.notion_pages
         WHERE role = 'tasks' AND removed_at IS NULL AND client_key IS NULL)) AS document
    UNION ALL
    SELECT least(
        (SELECT min(client_document) FROM operacional.gestta_tasks
         WHERE removed_at IS NULL AND client_key IS NULL AND client_document > document),
        (SELECT min(client_document) FROM operacional.notion_pages
         WHERE role = 'tasks' AND removed_at IS NULL AND client_key IS NULL AND client_document > document))
    FROM documents WHERE document IS NOT NULL
),
pages AS (
    SELECT * FROM operacional.notion_pages WHERE role = 'clients' AND removed_at IS NULL
)
SELECT 'clients_without_page'::text AS problem, code AS client,
       (SELECT t.client FROM operacional.gestta_tasks t WHERE t.client_key = code AND t.removed_at IS NULL LIMIT 1) AS name,
       NULL::text AS url
FROM codes
WHERE code IS NOT NULL AND code NOT IN (SELECT client_key FROM pages WHERE client_key IS NOT NULL)
UNION ALL
SELECT 'clients_without_page', document,
       (SELECT t.client FROM operacional.gestta_tasks t
        WHERE t.client_document = document AND t.client_key IS NULL AND t.removed_at IS NULL LIMIT 1), NULL
FROM documents
WHERE document IS NOT NULL AND document NOT IN (SELECT client_document FROM operacional.client_by_document)
UNION ALL
SELECT 'pages_without_client', coalesce(client_key, client_document), coalesce(trade_name, title), url
FROM pages
WHERE client_key NOT IN (SELECT code FROM codes WHERE code IS NOT NULL) IS NOT FALSE
  AND (client_document NOT IN (SELECT document FROM documents WHERE document IS NOT NULL) IS NOT FALSE
       OR client_document NOT IN (SELECT client_document FROM operacional.client_by_document))
UNION ALL
SELECT 'codes_used_twice', client_key, coalesce(trade_name, title), url
FROM (SELECT *, count(*) OVER (PARTITION BY client_key) AS pages_of_code FROM pages WHERE client_key IS NOT NULL) p
WHERE pages_of_code > 1;

-- Open tasks of which report and search say different things although both were read within ten minutes: the newest part
-- is shown, and a field that is always at odds means that the two mean different things by it.
CREATE VIEW ops.parts_at_odds AS
SELECT said.field, count(*) AS tasks, min(t.task_id) AS example
FROM operacional.gestta_tasks t
JOIN ops.sightings r ON r.system = 'gestta' AND r.row_id = t.task_id AND r.part = 'report'
JOIN ops.sightings s ON s.system = 'gestta' AND s.row_id = t.task_id AND s.part = 'search'
CROSS JOIN LATERAL (VALUES
    ('title', t.report_fields ->> 'title', t.search_fields ->> 'title'),
    ('status', t.report_fields ->> 'source_status', t.search_fields ->> 'source_status'),
    ('department', t.report_fields ->> 'department', t.search_fields ->> 'department'),
    ('owner', t.report_fields ->> 'owner', t.search_fields ->> 'owner'),
    ('client_code', t.report_fields ->> 'client_key', t.search_fields ->> 'client_key'),
    ('due_date', t.report_fields ->> 'due_date', t.search_fields ->> 'due_date'),
    ('legal_due_date', t.report_fields ->> 'legal_due_date', t.search_fields ->> 'legal_due_date')
) AS said (field, by_report, by_search)
WHERE t.removed_at IS NULL AND t.status NOT IN ('done', 'set_aside', 'cancelled')
  AND said.by_report <> said.by_search
  AND r.read_at BETWEEN s.read_at - interval '10 minutes' AND s.read_at + interval '10 minutes'
GROUP BY said.field;

-- Tasks whose flags at the source contradict their dates, by which the panel goes.
CREATE VIEW ops.flags_at_odds AS
SELECT task_id, title, client, url
FROM operacional.gestta_tasks
WHERE removed_at IS NULL AND status NOT IN ('done', 'set_aside', 'cancelled')
  AND source_overdue <> (due_date < (now() AT TIME ZONE 'America/Sao_Paulo')::date)
UNION ALL
SELECT task_id, title, client, url
FROM operacional.gestta_tasks
WHERE removed_at IS NULL AND status = 'done'
  AND (source_on_time <> ((completed_at AT TIME ZONE 'America/Sao_Paulo')::date <= due_date)
       OR done_late <> ((completed_at AT TIME ZONE 'America/Sao_Paulo')::date > due_date));

-- The same as counts, of clients, pages, codes and tasks.
CREATE VIEW ops.problems AS
SELECT problem, count(DISTINCT odd.client) + count(*) FILTER (WHERE odd.problem IS NOT NULL AND odd.client IS NULL) AS rows
FROM (VALUES ('clients_without_page'), ('pages_without_client'), ('codes_used_twice')) AS known (problem)
LEFT JOIN ops.clients_at_odds odd USING (problem)
GROUP BY problem
UNION ALL
SELECT 'flags_against_dates', count(*) FROM ops.flags_at_odds
UNION ALL
SELECT 'parts_at_odds', coalesce(max(tasks), 0) FROM ops.parts_at_odds;

-- What each load left of these counts: a load that changed nothing leaves what was measured before it.
CREATE INDEX quality_of_measure ON ops.quality (measure, measured_at);
CREATE VIEW ops.quality_by_load AS
SELECT l.load_id, l.system, l.scope, l.committed_at, known.measure, counted.value, counted.measured_at
FROM ops.loads l
CROSS JOIN (VALUES ('clients_without_page'), ('pages_without_client'), ('codes_used_twice'), ('flags_against_dates'),
                   ('parts_at_odds')) AS known (measure)
LEFT JOIN LATERAL (
    SELECT q.value, q.measured_at FROM ops.quality q
    WHERE q.measure = known.measure AND q.measured_at <= l.committed_at
    ORDER BY q.measured_at DESC LIMIT 1) counted ON true;

CREATE OR REPLACE VIEW bi.task_history AS
SELECT source, task_id, valid_from, valid_to, status, owner, due_date, completed_at, department, client_manager, continues
FROM operacional.task_history;

CREATE OR REPLACE VIEW bi.operational_panel AS
WITH clock AS (
    SELECT (now() AT TIME ZONE 'America/Sao_Paulo')::date AS today
),
-- A part that was read while a task was concluded goes on saying so after it was opened again: the other part has no such
-- keys, and clears nothing.
tasks AS (
    SELECT 'gestta'::text AS source, t.task_id, t.title, t.type, t.subtype, t.status, t.source_status, t.department,
           t.owner, CASE WHEN o.is_over THEN t.concluded_by END AS concluded_by, t.client_code, t.client_key, t.client,
           t.client_document, t.client_active, t.client_regime, t.competence, t.created_at, t.due_date, t.legal_due_date,
           CASE WHEN o.is_over THEN t.completed_at END AS completed_at, NULL::timestamptz AS updated_at, t.url,
           t.generates_fine, CASE WHEN o.is_over THEN t.done_late END AS done_late,
           CASE WHEN o.is_over THEN t.done_with_fine END AS done_with_fine,
           t.downloaded, t.notify_client, t.value, t.read_at, t.loaded_at
    FROM operacional.gestta_tasks t
    CROSS JOIN LATERAL (SELECT t.status IN ('done', 'set_aside', 'cancelled') AS is_over) o
    WHERE t.removed_at IS NULL
    UNION ALL
    SELECT 'notion', p.page_id, p.title, NULL, NULL, p.status, p.source_status, p.department,
           p.owner, NULL, p.client_code, p.client_key, NULL, p.client_document, NULL,
           NULL, p.competence, p.created_at, p.due_date, p.legal_due_date, p.completed_at,
           p.source_updated_at, p.url, NULL, NULL, NULL, NULL, NULL, NULL, p.read_at, p.loaded_at
    FROM operacional.notion_pages p
    WHERE p.role = 'tasks' AND p.removed_at IS NULL
),
joined AS (
    SELECT t.*,
           coalesce(c.trade_name, d.trade_name) AS client_trade_name,
           coalesce(c.client_manager, d.client_manager) AS client_manager,
           coalesce(c.client_state, d.client_state) AS client_state,
           coalesce(c.client_since, d.client_since) AS client_since,
           coalesce(c.url, d.url) AS client_page_url,
           t.status NOT IN ('done', 'set_aside', 'cancelled') AS is_open,
           CASE WHEN t.status IN ('done', 'set_aside', 'cancelled')
               THEN (t.completed_at AT TIME ZONE 'America/Sao_Paulo')::date ELSE clock.today END AS reached
    FROM tasks t
    CROSS JOIN clock
    LEFT JOIN operacional.client_by_code c ON c.client_key = t.client_key
    LEFT JOIN operacional.client_by_document d ON t.client_key IS NULL AND d.client_document = t.client_document
)
SELECT source, task_id, title, type, subtype, status, source_status, department, owner, concluded_by,
       client_code, client,
       CASE WHEN client_document ~ '^[0-9A-Z]{12}[0-9]{2}$'
            THEN substr(client_document, 1, 2) || '.' || substr(client_document, 3, 3) || '.'
                 || substr(client_document, 6, 3) || '/' || substr(client_document, 9, 4) || '-'
                 || substr(client_document, 13)
            WHEN client_document ~ '^[0-9]{11}$'
            THEN substr(client_document, 1, 3) || '.' || substr(client_document, 4, 3) || '.'
                 || substr(client_document, 7, 3) || '-' || substr(client_document, 10)
            ELSE client_document END AS client_document,
       client_active, client_regime, client_trade_name, client_manager,
       client_state, client_since, client_page_url, competence, created_at, due_date, legal_due_date, completed_at,
       updated_at, url, generates_fine, done_late, done_with_fine, downloaded, notify_client, value,
       is_open,
       is_open AND due_date < clock.today AS is_overdue,
       is_open AND legal_due_date < clock.today AS is_past_legal,
       is_open AND due_date = clock.today AS is_due_today,
       CASE WHEN is_open THEN due_date - clock.today END AS days_to_due,
       CASE WHEN (is_open OR status = 'done' AND completed_at IS NOT NULL) AND reached > due_date THEN reached - due_date
           END AS days_late,
       CASE WHEN status = 'done' AND completed_at IS NOT NULL AND due_date IS NOT NULL THEN reached <= due_date END
           AS finished_on_time,
       read_at, loaded_at
FROM joined
CROSS JOIN clock;

-- What was open at the end of each of the last 90 days: a row of the history counts from the day it began to the day
-- before it ended. Sums of what came and what went, so that the cost is that of the rows that were open in these days.
CREATE INDEX task_history_open ON operacional.task_history (valid_to)
    WHERE status NOT IN ('done', 'set_aside', 'cancelled');
CREATE INDEX task_history_completed ON operacional.task_history (completed_at) WHERE status = 'done';

CREATE OR REPLACE VIEW bi.backlog_by_day AS
WITH clock AS (
    SELECT today, today - 90 AS since, (today - 90)::timestamp AT TIME ZONE 'America/Sao_Paulo' AS since_moment
    FROM (SELECT (now() AT TIME ZONE 'America/Sao_Paulo')::date AS today) now
),
spans AS (
    SELECT source, department, due_date,
           greatest((valid_from AT TIME ZONE 'America/Sao_Paulo')::date, since) AS began,
           (valid_to AT TIME ZONE 'America/Sao_Paulo')::date AS ended
    FROM operacional.task_history
    CROSS JOIN clock
    WHERE status NOT IN ('done', 'set_aside', 'cancelled') AND (valid_to IS NULL OR valid_to >= since_moment)
),
-- What was opened again or removed later was done all the same. Of two rows that tell of one conclusion, the last counts.
done AS NOT MATERIALIZED (
    SELECT source, task_id, department, valid_to,
           (completed_at AT TIME ZONE 'America/Sao_Paulo')::date AS completed,
           (valid_to AT TIME ZONE 'America/Sao_Paulo')::date AS ended
    FROM operacional.task_history
    CROSS JOIN clock
    WHERE status = 'done' AND completed_at >= since_moment
),
steps AS (
    SELECT source, department, began AS day, 1 AS open, 0 AS overdue, 0 AS done
    FROM spans WHERE ended IS NULL OR ended > began
    UNION ALL
    SELECT source, department, ended, -1, 0, 0 FROM spans WHERE ended > began
    UNION ALL
    SELECT source, department, greatest(began, due_date + 1), 0, 1, 0
    FROM spans WHERE due_date IS NOT NULL AND (ended IS NULL OR ended > greatest(began, due_date + 1))
    UNION ALL
    SELECT source, department, ended, 0, -1, 0
    FROM spans WHERE due_date IS NOT NULL AND ended > greatest(began, due_date + 1)
    UNION ALL
    SELECT source, department, completed, 0, 0, 1
    FROM done WHERE valid_to IS NULL
    UNION ALL
    SELECT source, department, completed, 0, 0, 1
    FROM done
    WHERE ended > completed AND NOT EXISTS (
        SELECT 1 FROM operacional.task_history later
        WHERE later.source = done.source AND later.task_id = done.task_id AND later.valid_from >= done.valid_to
          AND later.status = 'done'
          AND (later.valid_from = done.valid_to
               OR (later.completed_at AT TIME ZONE 'America/Sao_Paulo')::date = completed))
),
totals AS (
    SELECT source, department, day, sum(open) AS open, sum(overdue) AS overdue, sum(done) AS done
    FROM steps GROUP BY source, department, day
),
-- Every day since a task was first read, also those on which none was open.
days AS (
    SELECT generate_series(greatest(since, (first_read AT TIME ZONE 'America/Sao_Paulo')::date)::timestamp,
                           today::timestamp, interval '1 day')::date AS day
    FROM clock
    CROSS JOIN (SELECT min(valid_from) AS first_read FROM operacional.task_history) history
),
groups AS (
    SELECT DISTINCT source, department FROM totals
)
SELECT days.day, groups.source, groups.department,
       coalesce(sum(totals.open) OVER upto, 0)::bigint AS open,
       coalesce(sum(totals.overdue) OVER upto, 0)::bigint AS overdue,
       coalesce(totals.done, 0)::bigint AS done
FROM days
CROSS JOIN groups
LEFT JOIN totals ON totals.day = days.day AND totals.source = groups.source
                AND totals.department IS NOT DISTINCT FROM groups.department
WINDOW upto AS (PARTITION BY groups.source, groups.department ORDER BY days.day);

-- What was written for people and programs, and from which state of the rows; shared by all transformers.
CREATE TABLE ops.exports (
    name                text PRIMARY KEY,
    state               text NOT NULL,
    written_at          timestamptz NOT NULL
);

GRANT SELECT, INSERT, UPDATE ON ops.exports TO transformer;
GRANT SELECT ON ops.exports TO console;
GRANT SELECT, INSERT ON ops.regenerated TO transformer;
GRANT DELETE ON operacional.task_history TO transformer;
-- What is old goes (docs/decisions/0014).
GRANT DELETE ON ops.loads, ops.quality, ops.processed_events, ops.pending_removals, ops.rejected_rows TO transformer;
GRANT DELETE ON ops.refresh_requests, ops.refresh_runs TO bi_refresher;
GRANT DELETE ON ops.notifications, ops.processed_events TO notifier;
GRANT SELECT ON operacional.client_by_code, operacional.client_by_document, operacional.open_tasks TO transformer, console;
GRANT SELECT ON ops.regenerated, ops.quality_by_load TO console;
REVOKE ALL ON ops.processed_events FROM bi_refresher;
GRANT SELECT ON ops.clients_at_odds, ops.flags_at_odds, ops.parts_at_odds, ops.problems TO transformer, console, panel_reader;
