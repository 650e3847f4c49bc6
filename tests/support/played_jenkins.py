# Plays a Jenkins with the agents web1 and web2, as far as sheets/ci-agents.yaml asks: played_jenkins.py LOG
# It says its port, writes what is done to an agent to LOG, a line each, and ends when its standard input does.
import base64
import json
import sys
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LOGIN = "Basic " + base64.b64encode(b"dana:s3cret-token").decode()
agents = {name: {"out": None, "connected": True, "looks": 0} for name in ("web1", "web2")}
log = open(sys.argv[1], "w", buffering=1)


class Jenkins(BaseHTTPRequestHandler):
    def answer(self, status, body="", *headers):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def agent(self):
        parts = urllib.parse.urlsplit(self.path).path.split("/")
        return parts[2], agents.get(parts[2]), "/".join(parts[3:])

    def do_GET(self):
        if self.headers.get("Authorization") != LOGIN:
            return self.answer(401)
        if self.path == "/crumbIssuer/api/json":
            crumb = json.dumps({"crumb": "c1", "crumbRequestField": "Jenkins-Crumb"})
            return self.answer(200, crumb, ("Set-Cookie", "JSESSIONID=1; Path=/"))
        name, agent, _ = self.agent()
        if agent is None:
            return self.answer(404)
        # A build that was under way when it was taken out ends a little later.
        agent["looks"] += agent["out"] is not None
        self.answer(200, json.dumps({
            "idle": agent["out"] is None or agent["looks"] > 2,
            "offline": agent["out"] is not None or not agent["connected"],
            "temporarilyOffline": agent["out"] is not None,
            "offlineCauseReason": agent["out"] or "",
            "launchSupported": True,
            "absoluteRemotePath": "/srv/ci" if agent["connected"] else None,
        }))

    def do_POST(self):
        form = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        if self.headers.get("Authorization") != LOGIN:
            return self.answer(401)
        if "JSESSIONID=1" not in self.headers.get("Cookie", "") or self.headers.get("Jenkins-Crumb") != "c1":
            return self.answer(403, "No valid crumb was included in the request")
        name, agent, action = self.agent()
        message = urllib.parse.parse_qs(form).get("offlineMessage", [""])[0]
        if action == "toggleOffline":
            agent["out"] = None if agent["out"] is not None else message
            log.write(f"{name} {'back' if agent['out'] is None else 'out: ' + message}\n")
        else:
            agent["connected"] = action == "launchSlaveAgent"
            log.write(f"{name} {'connected' if agent['connected'] else 'disconnected'}\n")
        self.answer(302, "", ("Location", "."))

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("", 0), Jenkins)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_address[1], flush=True)
sys.stdin.read()
