"""Recordings: what lay in the topics, in one small file that can be read back, cut or whole."""
