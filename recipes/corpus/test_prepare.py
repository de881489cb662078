"""The corpus step on small pages written here: what is kept, what is removed and why, and that the bytes repeat."""
import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import prepare  # noqa: E402


def page(body, lang="de"):
    return f"""<!DOCTYPE html><html lang="{lang}"><head><title>Title text</title><script>var a = 1;</script></head>
<body><header><p>Menu line</p></header><div id="DisplayArea">{body}</div>
<footer><div id="DEBUG" class="debug"><p>Help content debug info:</p></div></footer></body></html>"""


def sentence(subject, number):
    return (f"<p>Der {subject} {'abcdefghij'[number]} speichert das Dokument in der aktuellen Datei und zeigt danach den "
            f"neuen Namen in der Titelleiste an, {subject} bleibt dabei unverändert.</p>")


class PageText(unittest.TestCase):
    def test_keeps_paragraphs_in_order_with_inline_elements_joined(self):
        blocks, _ = prepare.read_page(page("<h1>Kopf</h1><p>Eine <span class='emph'>sehr</span>\n <a href='x'>gute</a> "
                                           "Zeile&nbsp;&amp; mehr</p><ul><li><p>Punkt</p></li></ul>"))
        self.assertEqual(blocks, ["Kopf", "Eine sehr gute Zeile & mehr", "Punkt"])

    def test_leaves_out_navigation_menu_paths_code_links_and_icons(self):
        blocks, left_out = prepare.read_page(page(
            "<p>Bleibt</p><div class='howtoget'><div><p>Datei - Neu</p></div></div><pre>Sub Main<br>End Sub</pre>"
            "<div class='relatedtopics'><p>Verwandte Themen</p></div><div class='noteicon'><img src='a'></div><p>Auch</p>"))
        self.assertEqual(blocks, ["Bleibt", "Auch"])
        self.assertEqual({reason: left_out[reason] for reason in ("menu_path", "code", "related_links", "icon")},
                         {"menu_path": 1, "code": 1, "related_links": 1, "icon": 1})

    def test_takes_one_branch_of_a_text_that_differs_by_system(self):
        blocks, _ = prepare.read_page(page("<p>Wählen Sie <span class='switchinline'><span class='MAC'>Einstellungen</span>"
                                           "<span>Optionen</span></span>.</p>"))
        self.assertEqual(blocks, ["Wählen Sie Optionen."])

    def test_unclosed_elements_inside_a_left_out_one_do_not_swallow_the_page(self):
        blocks, _ = prepare.read_page(page("<div class='howtoget'><p>eins<p>zwei</div><p>danach</p>"))
        self.assertEqual(blocks, ["danach"])

    def test_composes_letters_so_that_equal_texts_have_equal_bytes(self):
        self.assertEqual(prepare.read_page(page("<p>Ausfu\u0308hren</p>"))[0], ["Ausf\u00fchren"])


class Cleaning(unittest.TestCase):
    english = "The name of the file is shown and can be added to the list"

    def test_removes_untranslated_english_but_not_from_english(self):
        self.assertEqual(prepare.clean_blocks([self.english], "de")[1]["untranslated_english"], 1)
        self.assertEqual(prepare.clean_blocks([self.english], "en")[0], [self.english])

    def test_keeps_dutch_whose_own_words_look_english(self):
        dutch = "Dit is een tekst of een getal of een datum en het is leeg"
        self.assertEqual(prepare.clean_blocks([dutch], "nl")[0], [dutch])
        self.assertEqual(prepare.clean_blocks([self.english], "nl")[0], [])

    def test_judges_no_block_too_short_to_judge(self):
        self.assertEqual(prepare.clean_blocks(["Name of the file"], "de")[0], ["Name of the file"])

    def test_removes_what_equals_the_english_original(self):
        kept, removed = prepare.clean_blocks(["Show formula bar", "LibreOffice Writer"], "de",
                                             frozenset(["Show formula bar", "LibreOffice Writer"]))
        self.assertEqual(kept, ["LibreOffice Writer"])
        self.assertEqual(removed["same_as_english"], 1)

    def test_removes_addresses_and_lines_without_words(self):
        kept, removed = prepare.clean_blocks(["Schreiben Sie an jemand@example.org", "12 + 4 = 16", "Siehe https://x.org"],
                                             "de")
        self.assertEqual((kept, removed["address"], removed["few_letters"]), ([], 2, 1))


class Selection(unittest.TestCase):
    long = "Ein langer Satz über Tabellen, der genug Buchstaben hat, um als Seite zu gelten, damit er bleibt. " * 3

    def add(self, corpus, page_id, **texts):
        return corpus.add(page_id, {language: (blocks, {}) for language, blocks in texts.items()})

    def test_a_block_stands_only_where_it_came_first(self):
        corpus = prepare.Corpus(["de"])
        self.add(corpus, "one", de=[self.long, "Hinweis 1"])
        self.add(corpus, "two", de=["HINWEIS  2!", self.long + "Anders", "Neu"])
        self.assertEqual(corpus.texts["de"]["two"], self.long + "Anders\nNeu")
        self.assertEqual(corpus.removed["de"]["repeated"], 1)

    def test_a_page_too_short_in_one_language_is_left_out_in_all_and_hides_nothing(self):
        corpus = prepare.Corpus(["de", "el"])
        self.add(corpus, "one", de=[self.long], el=["kurz"])
        self.add(corpus, "two", de=[self.long], el=[self.long])
        self.assertEqual(sorted(corpus.texts["de"]), ["two"])
        self.assertEqual(corpus.texts["de"].keys(), corpus.texts["el"].keys())

    def test_the_limit_holds_in_every_language(self):
        corpus = prepare.Corpus(["de", "el"], limit_bytes=700)
        self.assertTrue(self.add(corpus, "one", de=[self.long], el=[self.long]))
        self.assertFalse(self.add(corpus, "two", de=["a" + self.long], el=["b" + self.long * 2]))
        self.assertEqual((len(corpus.texts["de"]), corpus.full), (1, True))


class WholeStep(unittest.TestCase):
    """On real .deb files built here, as apt would have left them in the cache."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.cache = os.path.join(self.folder, "cache")
        os.mkdir(self.cache)

    def build_package(self, language, pages):
        suffix, lang = prepare.LANGUAGES[language]
        name = "libreoffice-help-" + suffix
        root = os.path.join(self.folder, name)
        for at, text in {**{f"{prepare.HELP}/{lang}/text/{path}.html": page(body, language) for path, body in pages.items()},
                         f"usr/share/doc/{name}/copyright": "License: MPL-2.0\n",
                         "DEBIAN/control": f"Package: {name}\nVersion: 1:7.4-1\nArchitecture: all\n"
                                           "Maintainer: Test <test@example.org>\nDescription: test\n"}.items():
            os.makedirs(os.path.dirname(os.path.join(root, at)), exist_ok=True)
            with open(os.path.join(root, at), "w", encoding="utf-8") as file:
                file.write(text)
        subprocess.run(["dpkg-deb", "--build", "--root-owner-group", "-Znone", root, f"{self.cache}/{name}_7.4-1_all.deb"],
                       check=True, capture_output=True)

    def prepare(self, out, *more):
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            status = prepare.main(["--out", os.path.join(self.folder, out), "--cache", self.cache, "--jobs", "1", *more])
        return status, said.getvalue()

    def read(self, out, name):
        with open(os.path.join(self.folder, out, name), "rb") as file:
            return file.read()

    def test_writes_the_same_ids_in_every_language_and_the_same_bytes_again(self):
        def body(word, at):
            return "".join(sentence(f"{word} {at}", number) for number in range(3))
        ids = [f"swriter/01/{at}" for at in "abcdef"]
        self.build_package("de", {at: body("Befehl", at[-1]) for at in ids})
        self.build_package("el", {at: body("Εντολή", at[-1]) for at in ids})
        self.build_package("en", {at: body("Command", at[-1]) for at in ids[:-1]})
        for out in ("first", "second"):
            self.assertEqual(self.prepare(out, "--languages", "de,el")[0], 0)
        for name in ("de.jsonl", "el.jsonl", "corpus.json"):
            self.assertEqual(self.read("first", name), self.read("second", name))
        rows = {language: [json.loads(line) for line in self.read("first", language + ".jsonl").splitlines()]
                for language in ("de", "el")}
        self.assertEqual([row["id"] for row in rows["de"]], ids[:-1])
        self.assertEqual([row["id"] for row in rows["el"]], ids[:-1])
        facts = json.loads(self.read("first", "corpus.json"))
        self.assertEqual((facts["licence"], facts["personal_data"], facts["documents"]), ("MPL-2.0", "no", 5))
        self.assertEqual(facts["packages"][0]["version"], "1:7.4-1")
        self.assertEqual(facts["bytes"], sum(len(row["text"].encode()) for some in rows.values() for row in some))

    def test_a_smaller_limit_takes_a_subset_with_the_same_texts(self):
        ids = [f"scalc/{at}" for at in "abcdefgh"]
        self.build_package("en", {at: "".join(sentence(f"{at} {at[-1] * 3}", number) for number in range(4)) for at in ids})
        for out, limit in (("small", "0.01"), ("large", "1")):
            self.assertEqual(self.prepare(out, "--languages", "en", "--limit-mb", limit)[0], 0)
        small = set(self.read("small", "en.jsonl").splitlines())
        large = set(self.read("large", "en.jsonl").splitlines())
        self.assertLessEqual(small, large)
        self.assertEqual(len(large), 8)

    def test_says_what_to_do_about_a_damaged_package_or_two_versions(self):
        path = os.path.join(self.cache, "libreoffice-help-en-us_1_all.deb")
        with open(path, "wb") as file:
            file.write(b"not a package")
        status, said = self.prepare("out", "--languages", "en")
        self.assertEqual(status, 1)
        self.assertIn("damaged: delete it", said)
        with open(path.replace("_1_", "_2_"), "wb") as file:
            file.write(b"neither")
        self.assertIn("2 versions", self.prepare("out", "--languages", "en")[1])
        self.assertFalse(os.path.exists(os.path.join(self.folder, "out", "corpus.json")))

    def test_refuses_unknown_languages_and_limits(self):
        self.assertIn("xx", self.prepare("out", "--languages", "de,xx")[1])
        self.assertIn("--limit-mb", self.prepare("out", "--languages", "de", "--limit-mb", "-1")[1])


if __name__ == "__main__":
    unittest.main()
