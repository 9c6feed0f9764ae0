"""Recordings: the records of the topics in one small file, readable even if it was cut off."""
