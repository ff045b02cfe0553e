"""Jira Service Management, over the REST interfaces of Jira Cloud."""
