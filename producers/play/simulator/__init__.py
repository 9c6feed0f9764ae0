"""A fair that never was: seed, scenario and fair file in, timed events and their exact totals out."""
