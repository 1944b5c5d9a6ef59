"""Training of networks: data, runs, export, comparison and tuning."""
