"""Gestta's private web API, as its public users found it: report, search, one task, lists of names, login."""
