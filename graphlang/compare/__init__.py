"""What differs between two specs, or two runs: by structure, not by text."""
