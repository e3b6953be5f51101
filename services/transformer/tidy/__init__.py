"""Raw rows in, typed rows out: pure pandas, one module per source."""
