"""The seams with Faust, mode and aiokafka: every use of something that they do not document.

Outside this package, the worker uses only documented features. Each seam says what it replaces or reads, why, and
which version of the library it was written for. The tests in tests/worker/test_seams_*.py check the assumptions that
each seam makes about the library.
"""
