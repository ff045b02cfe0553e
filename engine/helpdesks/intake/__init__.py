"""The helpdesk whose tickets other systems send us."""
