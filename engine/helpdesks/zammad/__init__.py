"""Zammad, over its REST interface."""
