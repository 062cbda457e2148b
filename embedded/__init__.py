"""The launcher of `make run`: starts the servers that the environment does not configure, and Ruche itself.

It does not import Django; it starts manage.py and uvicorn as child processes.
"""
