"""Fleet migrations: many schemas with the same tables are migrated together.

`applied` tells which migrations a schema has; `survey` groups the schemas that are behind; `recipe` migrates one
schema of a group and records its SQL; `replay` applies the record to the others; `leader` runs a group with threads;
`run` is the entry point.
"""
