CREATE SCHEMA IF NOT EXISTS bi;

CREATE VIEW bi.operational_panel AS
WITH clock AS (
    SELECT (now() AT TIME ZONE 'America/Sao_Paulo')::date AS today
),
-- More than one page for a client: the newest wins, so that a task is never doubled.
client_by_code AS (
    SELECT DISTINCT ON (client_key) *
    FROM operacional.notion_pages
    WHERE role = 'clients' AND removed_at IS NULL AND client_key IS NOT NULL
    ORDER BY client_key, source_updated_at DESC, page_id
),
client_by_document AS (
    SELECT DISTINCT ON (client_document) *
    FROM operacional.notion_pages
    WHERE role = 'clients' AND removed_at IS NULL AND client_document IS NOT NULL
    ORDER BY client_document, source_updated_at DESC, page_id
),
tasks AS (
    SELECT 'gestta'::text AS source, t.task_id, t.title, t.type, t.subtype, t.status, t.source_status, t.department,
           t.owner, t.concluded_by, t.client_code, t.client_key, t.client, t.client_document, t.client_active,
           t.client_regime, t.competence, t.created_at, t.due_date, t.legal_due_date, t.completed_at,
           NULL::timestamptz AS updated_at, t.url, t.generates_fine, t.done_late, t.done_with_fine,
           t.downloaded, t.notify_client, t.value, t.read_at, t.loaded_at
    FROM operacional.gestta_tasks t
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
           coalesce((t.completed_at AT TIME ZONE 'America/Sao_Paulo')::date, clock.today) AS reached
    FROM tasks t
    CROSS JOIN clock
    LEFT JOIN client_by_code c ON c.client_key = t.client_key
    LEFT JOIN client_by_document d ON t.client_key IS NULL AND d.client_document = t.client_document
)
SELECT source, task_id, title, type, subtype, status, source_status, department, owner, concluded_by,
       client_code, client, client_document, client_active, client_regime, client_trade_name, client_manager,
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

CREATE VIEW bi.task_history AS
SELECT source, task_id, valid_from, valid_to, status, owner, due_date, completed_at, department
FROM operacional.task_history;

CREATE VIEW bi.backlog_by_day AS
WITH days AS (
    SELECT day::date AS day, (day + interval '1 day') AT TIME ZONE 'America/Sao_Paulo' AS ends
    FROM generate_series(
        greatest(
            (SELECT min(valid_from) AT TIME ZONE 'America/Sao_Paulo' FROM operacional.task_history),
            (now() AT TIME ZONE 'America/Sao_Paulo') - interval '90 days'
        )::date::timestamp,
        (now() AT TIME ZONE 'America/Sao_Paulo')::date::timestamp,
        interval '1 day') AS day
)
SELECT days.day, h.source, h.department,
       count(*) FILTER (WHERE h.status NOT IN ('done', 'set_aside', 'cancelled')) AS open,
       count(*) FILTER (WHERE h.status NOT IN ('done', 'set_aside', 'cancelled') AND h.due_date < days.day) AS overdue,
       count(*) FILTER (WHERE (h.completed_at AT TIME ZONE 'America/Sao_Paulo')::date = days.day) AS done
FROM days
JOIN operacional.task_history h ON h.valid_from < days.ends AND (h.valid_to IS NULL OR h.valid_to >= days.ends)
GROUP BY days.day, h.source, h.department;

-- `every` is how often the plan reads a scope; older than three times that is stale.
CREATE VIEW bi.freshness AS
SELECT system, scope, last_read_at, every,
       last_read_at IS NULL OR now() - last_read_at > 3 * every AS is_stale
FROM ops.scopes;
