"""THE WIRING: what knows Kafka, Faust and RocksDB, and the pass that does not."""
