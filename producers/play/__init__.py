"""Whatever plays a fair: simulator, replay of recordings, pacing, sinks."""
