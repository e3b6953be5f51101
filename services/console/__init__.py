"""Console: the analyst's and ops' command line.

consumes  the journal and the `.dlq` queues, when asked
produces  token.supplied.v1, command.run_now.v1, replayed facts (to one queue each)
owns      `<system>.token.supplied` in TOKENS_DIR; decisions in ops.pending_removals
talks to  RabbitMQ, Postgres (login `console`), the landing, and each service's own `--check`
if it is down, then nothing stops: it runs only while somebody asks something
"""
