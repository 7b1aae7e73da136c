"""The data sources, one per file. Opening a source reads headers only, so shapes are known early."""
