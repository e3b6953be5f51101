"""The road: topology, codec, retry, settlement, and the one door to RabbitMQ."""
