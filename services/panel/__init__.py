"""The live page of all tasks: what burns, whose it is, and how old what one sees is.

Consumes: nothing of the road; reads `bi.operational_panel` and `bi.freshness` when somebody looks, at most every 2 s,
and for the analyst's page `ops.problems` with the names behind it, at most every 20 s.
Produces: nothing.
Owns: nothing.
Talks to: PostgreSQL as `panel_reader`, who may only read; browsers on PANEL_PORT.
If it is down, then: nobody sees the page; nothing else notices. If the database is away, it shows the last figures
with their age and says so.
"""
