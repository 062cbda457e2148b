"""A person's contents as one archive, written while it is sent: nothing is stored, nothing waits, nothing expires."""
