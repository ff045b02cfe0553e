"""Rule tests: what rules must do, told as small stories and played in simulated time."""
