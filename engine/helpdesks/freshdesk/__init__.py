"""Freshdesk, over its REST interface (v2)."""
