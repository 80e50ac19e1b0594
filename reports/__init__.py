"""Reports: what the views hold, as one HTML page with pictures that needs nothing beside itself."""
