"""Zendesk, over its Ticketing API (v2)."""
