"""The fold: turns events into state and state into numbers. Pure: no clock, no log, no I/O."""
