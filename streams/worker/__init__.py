"""The worker: the only package that uses Faust."""
