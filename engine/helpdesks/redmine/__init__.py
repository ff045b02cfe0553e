"""Redmine 5, over its REST interface."""
