"""Notion's API over real HTTP, in memory: what the extractor meets in the demo and in the tests."""
