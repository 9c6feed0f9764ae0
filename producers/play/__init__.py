"""The programs that play a fair: simulator, replay of recordings, pacing, sinks."""
