"""What `make run` starts: the servers the environment does not give, and Ruche itself.

Nothing here imports Django: this package starts manage.py and uvicorn as children.
"""
