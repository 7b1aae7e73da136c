"""Opens and reads files that may come from a stranger: nothing waits, and no size is believed unchecked."""
