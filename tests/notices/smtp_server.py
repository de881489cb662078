"""A mail server to be misused: aiosmtpd with STARTTLS and a login. smtp_server.py FOLDER PORT

FOLDER holds cert.pem and key.pem. What it does with the next message stands in FOLDER/behaviour: accept, or 450 or 550 at the recipient, 451
or 552 behind the text, die-at-recipient, die-behind-text (after the message was kept), hold-at-recipient, hold-behind-text (kept; no answer until
the behaviour is another). Each message it has taken or may have taken is a line of FOLDER/received.jsonl; FOLDER/commands.jsonl counts sessions.
"""
import asyncio
import email
import email.policy
import json
import os
import pathlib
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

FOLDER = pathlib.Path(sys.argv[1])


def behaviour():
    return (FOLDER / "behaviour").read_text().strip()


def login(server, session, envelope, mechanism, data):
    good = isinstance(data, LoginPassword) and data.login == b"factory" and data.password == b"p\xc3\xa4ssword 1"
    return AuthResult(success=good)


async def held(name):
    while behaviour() == name:
        await asyncio.sleep(0.02)


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        now = behaviour()
        if now == "die-at-recipient":
            os._exit(1)
        if now == "hold-at-recipient":
            (FOLDER / "holding").write_text(now)
            await held(now)
        if now in ("450", "550"):
            return f"{now} 4.2.0 not {'now' if now == '450' else 'here'}"
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server, session, envelope):
        now = behaviour()
        if now in ("451", "552"):
            return f"{now} no room"
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        line = {"from": envelope.mail_from, "to": envelope.rcpt_tos, "tls": session.ssl is not None, "login": session.authenticated,
                "headers": [[name, str(value)] for name, value in message.items()], "text": message.get_content(),
                "raw": envelope.content.decode("ascii")}
        with open(FOLDER / "received.jsonl", "a", encoding="utf-8") as out:
            out.write(json.dumps(line) + "\n")
            out.flush()
            os.fsync(out.fileno())
        if now == "die-behind-text":
            os._exit(1)
        if now == "hold-behind-text":
            (FOLDER / "holding").write_text(now)
            await held(now)
        return "250 taken"


async def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(FOLDER / "cert.pem", FOLDER / "key.pem")
    loop = asyncio.get_running_loop()

    def session():
        return SMTP(Handler(), hostname="mail.example", tls_context=context, require_starttls=True, auth_required=True,
                    authenticator=login, enable_SMTPUTF8=False, loop=loop)

    server = await loop.create_server(session, "127.0.0.1", int(sys.argv[2]))
    (FOLDER / "ready").write_text("yes")
    async with server:
        await server.serve_forever()


asyncio.run(main())
