# A real SMTP server (aiosmtpd) that keeps what it takes: smtp_sink.py FOLDER none|starttls|tls auth|open
# It says its port, writes each mail to FOLDER as N.json, and ends when its standard input does.
import asyncio
import json
import logging
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

# What goes wrong is meant to, and is told to whoever sends.
logging.getLogger("mail.log").setLevel(logging.CRITICAL + 1)

folder, encryption, login = sys.argv[1:]


class Keep:
    def __init__(self):
        self.count = 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "content": envelope.content.decode(),
            "encrypted": session.ssl is not None or encryption == "tls",
            "login": session.auth_data and [session.auth_data.login.decode(), session.auth_data.password.decode()],
        }
        with open(f"{folder}/{self.count}.json", "w") as file:
            json.dump(mail, file)
        self.count += 1
        return "250 OK"


def authenticate(server, session, envelope, mechanism, data):
    # What is not handled, the server answers itself.
    return AuthResult(success=data.login == b"dana" and data.password == b"s3cret word", handled=False, auth_data=data)


keep = Keep()
context = None
if encryption != "none":
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{folder}/server.crt", f"{folder}/server.key")


def protocol():
    return SMTP(
        keep,
        hostname="mail.example.com",
        tls_context=context if encryption == "starttls" else None,
        require_starttls=encryption == "starttls",
        authenticator=authenticate if login == "auth" else None,
        auth_required=login == "auth",
        auth_require_tls=encryption == "starttls",
        enable_SMTPUTF8=True,
    )


async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(protocol, "127.0.0.1", 0, ssl=context if encryption == "tls" else None)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.run(main())
