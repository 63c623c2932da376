"""Where data is kept: what there is, how it is fetched and verified, and caches of what was made of it."""
