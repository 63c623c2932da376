"""The files that can be downloaded, how they are verified, and caches of what was computed from texts."""
