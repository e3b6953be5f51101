"""The outside systems (Gestta, Notion, Slack, a BI portal) over real HTTP, around one invented office.

Talks to: nobody. Nothing here is imported by a service: the simulators are the world outside, and may be
replaced by the real systems at any time.
"""
