"""The fold: events become state, state becomes numbers. Pure: no clock, no log, no I/O."""
