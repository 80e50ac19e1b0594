"""The commands: thin hands on the platform, its workers and its views. `main.py` lists them."""
