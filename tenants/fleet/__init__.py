"""Migrating a fleet: many schemas with the same tables, brought up to the code as one.

`applied` knows which migrations a schema has; `survey` groups the schemas that are behind; `recipe` migrates one
schema of a group while it writes down the SQL; `replay` does the same to the others; `run` leads them all.
"""
