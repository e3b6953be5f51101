"""Postgres: connections, waiting for the schema, and the migrations."""
