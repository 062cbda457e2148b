"""Export of a person's contents as one archive, generated while it is sent and stored nowhere."""
