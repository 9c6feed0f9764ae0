"""Dead letters: see what was refused and why, and send it again once the cause is gone."""
