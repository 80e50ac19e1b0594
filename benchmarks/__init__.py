"""The same work on this engine and on its peers, in one run, and the main job's figures."""
