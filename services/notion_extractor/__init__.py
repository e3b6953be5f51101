"""Notion extractor: the register of clients and what else the office keeps there, read every hour.

consumes  token.supplied.v1.notion, command.run_now.v1.notion from `notion_extractor.commands`
produces  raw_data.ready.v1, auth.failed.v1, auth.recovered.v1, source.failed.v1, source.recovered.v1,
          source.schema_drifted.v1
owns      `notion/` in the landing, `notion.token` in TOKENS_DIR, the queue `notion_extractor.running`
talks to  the Notion API (2026-03-11), reading only; takes its webhooks where NOTION_WEBHOOK_LISTEN says so
if it is down, then clients' managers and states grow old; tasks go on
"""
