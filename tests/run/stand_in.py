"""The real supervisor and servers around a small stand-in for Ruche: `python -m tests.run.stand_in --port N`.

STAND_IN_PREPARE=fail makes the preparation fail; STAND_IN_WORKER=die makes the worker die at once, each time. An empty
STRIPE_SECRET_KEY brings the fake of Stripe.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace

from embedded import __main__, run, stripe_fake
from embedded.programs import Program

WEB = """
import http.server, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"well")
    def log_message(self, *_): pass
print("web speaks", flush=True)
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
"""
# As rq does: a child in a process group of its own, that does not go when its parent is killed.
WORKER = """
import os, signal, subprocess, sys, time
if os.environ.get("STAND_IN_WORKER") == "die": sys.exit(3)
horse = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], process_group=0)
print("horse", horse.pid, flush=True)
signal.signal(signal.SIGTERM, lambda *_: (horse.terminate(), sys.exit(0)))
while True: time.sleep(1)
"""
# It does not hear that it should end.
CRON = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True: time.sleep(1)"
PREPARE = "import os, sys; print('preparing'); sys.exit(os.environ.get('STAND_IN_PREPARE') == 'fail')"
# It ends by itself, and not well.
PUSH = "import sys; print('pushing', flush=True); sys.exit(4)"


def python(name: str, code: str, *arguments: str) -> Program:
    # The worker of Ruche is a Popen with process_group from Python 3.11 on.
    return Program(name, [sys.executable, "-c", code, *arguments])


run.prepare = lambda: python("setup", PREPARE)
run.application = lambda port: [python("web", WEB, str(port)), python("worker", WORKER), python("cron", CRON)]
stripe_fake.push = lambda: replace(python("push", PUSH), once=True)

if __name__ == "__main__":
    os.environ.setdefault("RUCHE_LOCAL_MODEL_URL", "http://127.0.0.1:9/v1")
    os.environ.setdefault("STRIPE_SECRET_KEY", "sk_test_stand_in")
    sys.exit(__main__.main())
