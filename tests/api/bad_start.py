#!/usr/bin/env python3
"""What keeps a factory from starting, or takes its ground away while it runs: each a clear error, nothing lost.

One test a fault: the exit status is not zero, the message names the thing and the remedy, and once the cause is gone the
factory starts with everything it had.
"""
import argparse
import os
import pathlib
import shutil
import socket
import sqlite3
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import harness  # noqa: E402

BUILD = None
ORGANISATION = {"name": "Kept", "country": "LV", "kind": "sme"}


class Starts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = harness.Scratch("start")
        pattern = harness.Factory(BUILD, cls.scratch.path / "pattern")
        cls.token = pattern.create_admin()
        pattern.start()
        assert pattern.send("POST", "/organisations", ORGANISATION, cls.token).status == 200
        assert pattern.stop() == 0

    @classmethod
    def tearDownClass(cls):
        cls.scratch.__exit__()

    def setUp(self):
        folder = self.scratch.path / self._testMethodName
        shutil.copytree(self.scratch.path / "pattern", folder)
        self.factory = harness.Factory(BUILD, folder)
        self.addCleanup(self.factory.kill)

    def refused(self, *has, status=None, port=0):
        """serve must end by itself, not with 0, and say these things."""
        code, out, err = self.factory.run("serve", "--port", port, timeout=60)
        self.assertNotEqual(code, 0)
        self.assertGreater(code, 0, f"ended by a signal: {err}")
        if status is not None:
            self.assertEqual(code, status, err)
        for text in has:
            self.assertIn(text, err)
        self.assertNotIn("terminate called", err)

    def starts_with_everything(self):
        self.factory.start()
        answer = self.factory.send("GET", "/organisations", token=self.token)
        self.assertEqual(answer.status, 200)
        self.assertIn('"Kept"', answer.text())
        self.assertEqual(self.factory.stop(), 0)

    def test_port_taken(self):
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            self.refused("port_taken", str(other.getsockname()[1]), status=5, port=other.getsockname()[1])
        self.starts_with_everything()

    def test_second_server_on_the_same_folder(self):
        self.factory.start()
        self.refused("folder_locked", str(self.factory.folder), str(self.factory.process.pid), status=5)
        self.assertEqual(self.factory.send("GET", "/healthz").status, 200)

    def test_settings_unknown_key(self):
        (self.factory.folder / "fabrica.toml").write_text("[listen]\nprot = 8080\n")
        self.refused("line 2", "listen.prot", "doctor --settings", status=2)

    def test_settings_wrong_type(self):
        (self.factory.folder / "fabrica.toml").write_text('[listen]\nport = "8080"\n')
        self.refused("line 2", "listen.port", "integer", status=2)

    def test_settings_malformed(self):
        (self.factory.folder / "fabrica.toml").write_text("[listen\nport = 1\n")
        self.refused("fabrica.toml line 1", status=2)

    def test_settings_out_of_range(self):
        (self.factory.folder / "fabrica.toml").write_text("[listen]\nport = 99999\n")
        self.refused("line 2", "listen.port", status=2)

    def test_settings_more_witnesses_needed_than_named(self):
        (self.factory.folder / "fabrica.toml").write_text("[log]\nwitnesses_needed = 2\n")
        self.refused("witnesses_needed", status=2)

    def test_settings_address_that_is_none(self):
        (self.factory.folder / "fabrica.toml").write_text('[listen]\naddress = "localhost:80"\n')
        self.refused("listen_address", status=2)

    def test_database_url_that_is_none(self):
        (self.factory.folder / "fabrica.toml").write_text('[database]\nurl = "mysql://here"\n')
        self.refused("database_url", "postgresql", status=2)

    def test_postgres_that_is_not_there(self):
        (self.factory.folder / "fabrica.toml").write_text('[database]\nurl = "postgresql://nobody@127.0.0.1:1/none"\n')
        self.refused("database", status=6)

    def test_database_garbage(self):
        path = self.factory.folder / "fabrica.db"
        kept = path.read_bytes()
        self.remove_journal()
        path.write_bytes(b"this is not a database, it is a letter. " * 400)
        self.refused("fabrica.db")
        path.write_bytes(kept)
        self.starts_with_everything()

    def test_database_of_a_newer_program(self):
        with sqlite3.connect(self.factory.folder / "fabrica.db") as database:
            columns = [row[1] for row in database.execute("PRAGMA table_info(schema_migrations)")]
            values = {"number": 9999, "name": "9999_future.sql", "checksum": "0" * 64, "applied_us": 1}
            database.execute(f"INSERT INTO schema_migrations ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})",
                             [values[column] for column in columns])
        self.refused("schema_newer", "9999", status=5)

    def test_database_locked_by_another_program(self):
        other = sqlite3.connect(self.factory.folder / "fabrica.db", isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        try:
            self.refused("database", status=6)
        finally:
            other.execute("ROLLBACK")
            other.close()
        self.starts_with_everything()

    def test_database_locked_while_it_runs(self):
        self.factory.start()
        other = sqlite3.connect(self.factory.folder / "fabrica.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        answer = self.factory.send("POST", "/organisations", {**ORGANISATION, "name": "Later"}, self.token, timeout=120)
        other.execute("ROLLBACK")
        other.close()
        self.assertEqual(answer.status, 503, answer.text())
        self.assertIn("detail", answer.json())
        self.assertNotIn("Later", self.factory.send("GET", "/organisations", token=self.token).text())
        self.assertEqual(self.factory.send("POST", "/organisations", {**ORGANISATION, "name": "Now"}, self.token).status, 200)

    def test_data_folder_that_is_a_file(self):
        code, _, err = harness.run(BUILD, "serve", "--data", self.factory.folder / "fabrica.toml", "--port", 0, timeout=60)
        self.assertGreater(code, 0)
        self.assertIn("fabrica.toml", err)

    @unittest.skipIf(os.geteuid() == 0, "root may write everywhere")
    def test_data_folder_read_only(self):
        self.factory.folder.chmod(0o500)
        self.refused("folder")
        self.factory.folder.chmod(0o700)

    def test_data_folder_vanishes_while_it_runs(self):
        self.factory.start()
        away = self.factory.folder.with_name("moved-away")
        self.factory.folder.rename(away)
        answer = None
        try:
            answer = self.factory.send("POST", "/organisations", {**ORGANISATION, "name": "Nowhere"}, self.token)
        except harness.Unreachable:
            pass  # ending is an honest answer too
        away.rename(self.factory.folder)
        self.factory.kill()
        self.factory.start()
        kept = self.factory.send("GET", "/organisations", token=self.token).text()
        self.assertIn('"Kept"', kept)
        # Acknowledged means kept, and refused means not.
        self.assertEqual('"Nowhere"' in kept, answer is not None and answer.status == 200)

    def test_log_key_missing(self):
        (self.factory.folder / "keys/log.key").unlink()
        self.refused("log.key")

    def test_log_key_damaged(self):
        (self.factory.folder / "keys/log.key").write_text("PRIVATE+KEY+nonsense\n")
        (self.factory.folder / "keys/log.key").chmod(0o600)
        self.refused("key")

    def test_log_key_readable_by_others(self):
        (self.factory.folder / "keys/log.key").chmod(0o644)
        self.refused("log.key")

    def test_a_restored_old_database_signs_nothing_anew(self):
        old = (self.factory.folder / "fabrica.db").read_bytes()
        self.remove_journal()
        self.factory.start()
        for number in range(3):
            self.factory.send("POST", "/organisations", {**ORGANISATION, "name": f"After the backup {number}"}, self.token)
        self.wait_for_log(4)
        self.factory.stop()
        guard = (self.factory.folder / "published-checkpoint").read_text()
        size = int(guard.split("\n")[1])
        self.remove_journal()
        (self.factory.folder / "fabrica.db").write_bytes(old)
        self.factory.start()
        self.assertEqual(self.factory.send("POST", "/organisations", {**ORGANISATION, "name": "Again"}, self.token).status, 200)
        self.wait_for_log(size + 1)
        self.factory.stop()
        self.assertEqual(self.factory.run("log", "verify")[0], 0)

    def test_log_tampered_with(self):
        self.factory.start()
        self.wait_for_log(2)
        self.factory.stop()
        tile = next(path for path in (self.factory.folder / "log/tile/entries").rglob("*") if path.is_file())
        data = bytearray(tile.read_bytes())
        data[10] ^= 1
        tile.chmod(0o600)
        tile.write_bytes(data)
        code, out, err = self.factory.run("log", "verify")
        self.assertEqual(code, 7, out + err)
        self.assertIn("entries/", err)
        self.assertEqual(self.factory.run("doctor")[0], 7)

    def test_budget_tampered_with(self):
        self.factory.sqlite("INSERT INTO budget_accounts (public_id, owner, kind, unit, balance_micro, held_micro, created_us) "
                            "VALUES ('019364a2-7b1c-7def-8a01-23456789abcd', 'somebody', 'award', 'gpu_hour', 5000000, 0, 1)")
        code, out, _ = self.factory.run("doctor")
        self.assertEqual(code, 7, out)
        self.assertRegex(out, "BAD +budget")

    def test_doctor_without_a_folder(self):
        code, _, err = harness.run(BUILD, "doctor", "--data", self.factory.folder / "no/such")
        self.assertEqual(code, 4)
        self.assertIn("no/such", err)

    def test_backup_onto_something(self):
        code, _, err = self.factory.run("backup", self.factory.folder)
        self.assertEqual(code, 5)
        self.assertIn("there already", err)

    def test_backup_restored_elsewhere(self):
        self.factory.start()
        target = self.factory.folder.with_name("backup-of-it")
        self.factory.must_run("backup", target)
        self.factory.stop()
        other = harness.Factory(BUILD, target)
        self.addCleanup(other.kill)
        other.start()
        self.assertIn('"Kept"', other.send("GET", "/organisations", token=self.token).text())

    def test_client_without_a_server(self):
        code, _, err = harness.run(BUILD, "--server", f"http://127.0.0.1:{harness.free_port()}", "call", "list")
        self.assertEqual(code, 6)
        self.assertIn("fabrica serve", err)

    def test_toml_that_is_cut_off(self):
        self.factory.start()
        file = self.factory.folder.with_name("call.toml")
        file.write_text('title = "x"\nopens = \n')
        code, _, err = self.factory.run("--server", f"http://127.0.0.1:{self.factory.port}", "call", "create", file)
        self.assertEqual(code, 2)
        self.assertIn("line 2", err)

    def wait_for_log(self, size):
        for _ in range(600):
            answer = self.factory.send("GET", "/log/checkpoint")
            if answer.status == 200 and int(answer.text().split("\n")[1]) >= size:
                return
            harness.time.sleep(0.05)
        self.fail(f"no checkpoint of {size} entries: {answer.text()}")

    def remove_journal(self):
        for tail in ("-wal", "-shm"):
            (self.factory.folder / f"fabrica.db{tail}").unlink(missing_ok=True)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build")
    given, rest = arguments.parse_known_args()
    BUILD = harness.build_folder(given.build)
    unittest.main(argv=[sys.argv[0], *rest])
