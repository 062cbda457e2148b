from bench.servers import environment
import json, django
with environment():
    django.setup()
    from bench import servers, provisioning
    servers.fill()
    print(json.dumps(provisioning.measure(3), indent=1))
    from django.db import connection, connections
    connections.close_all(); connection.close_pool()
