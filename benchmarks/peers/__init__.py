"""The counting pipeline as each peer would write it, one file a peer, each run as its own process."""
