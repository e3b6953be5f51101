"""Tells people in Slack when somebody must act: one alert per incident, reminders, one recovery.

Consumes: `notifier.incidents` (`auth.#`, `source.#`, `report.#`, `message.#`, `token.#`); looks by itself at
`bi.freshness` and at the depth and consumers of every queue, because silence is an incident too.
Produces: nothing of its own on the road.
Owns: `ops.notifications`.
Talks to: Slack (`chat.postMessage`, `auth.test`), PostgreSQL, RabbitMQ, and HEARTBEAT_URL once a minute while well.
If it is down, then: nobody is told, the facts wait in its queue and are told when it is back; the outside watchman
behind HEARTBEAT_URL misses its call and says so.
"""
