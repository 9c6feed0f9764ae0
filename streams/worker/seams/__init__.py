"""The seams with Faust, mode and aiokafka: every use of something that they do not document.

Outside this package the worker uses only what they document. What a seam replaces or reads, why, and with which version
it was read stands at each. What must hold of the library for it to be right is in a test of each, in tests/worker, in
the files test_seams_*.py.
"""
