#!/usr/bin/env python3
"""Makes a parallel text corpus in languages of the European Union out of LibreOffice's help pages.

    prepare.py --out DIR [--languages de,el,en,...] [--cache DIR] [--limit-mb N] [--jobs N]

Fetches Debian's libreoffice-help-* packages through apt into the cache folder (a package already there is used as it is,
without the network), unpacks them into a temporary folder (nothing is installed) and writes

    DIR/<language>.jsonl   one line a page, {"id": ..., "text": ...}, sorted by id, the same ids in every language
    DIR/corpus.json        licence, packages with versions and digests, counts, what was removed and why

The same packages and options give the same bytes. README.md says what is removed by which rule.
"""
import argparse
import collections
import glob
import gzip
import hashlib
import html.parser
import json
import multiprocessing
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unicodedata

# Language -> (package suffix, folder inside the package). Only languages whose help is translated nearly whole.
LANGUAGES = {
    "cs": ("cs", "cs"), "da": ("da", "da"), "de": ("de", "de"), "el": ("el", "el"), "en": ("en-us", "en-US"),
    "es": ("es", "es"), "et": ("et", "et"), "fi": ("fi", "fi"), "fr": ("fr", "fr"), "hu": ("hu", "hu"),
    "it": ("it", "it"), "nl": ("nl", "nl"), "pl": ("pl", "pl"), "pt": ("pt", "pt"), "sl": ("sl", "sl"),
    "sv": ("sv", "sv"),
}
# The ten with the least untranslated text in Debian 12; a language less translated costs pages in all of them.
DEFAULT_LANGUAGES = "cs,da,de,el,en,es,fr,it,nl,sl"
REFERENCE = "en"              # always read, to know what was never translated
NAMES = {
    "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek", "en": "English", "es": "Spanish", "et": "Estonian",
    "fi": "Finnish", "fr": "French", "hu": "Hungarian", "it": "Italian", "nl": "Dutch", "pl": "Polish",
    "pt": "Portuguese", "sl": "Slovene", "sv": "Swedish",
}

HELP = "usr/share/libreoffice/help"
PACKAGE = "libreoffice-help-"
ENGLISH_WORDS = frozenset(("the", "and", "of", "to", "is"))
# Of these words the ones that are words of the language itself do not count against it.
OWN_WORDS = {"nl": frozenset(("of", "is")), "da": frozenset(("to",)), "cs": frozenset(("to",)),
             "pl": frozenset(("to",)), "sl": frozenset(("to",)), "hu": frozenset(("is",))}
ENGLISH_SHARE = 0.08          # English running text has 0.13 to 0.15, translated text under 0.01
ENGLISH_WORDS_LEAST = 6       # shorter blocks say too little to judge
SAME_WORDS_LEAST = 3          # a block of fewer words may rightly be the same in two languages (names of products)
PAGE_BYTES_LEAST = 200        # a page with less text than this in any language is left out in all
BATCH_PAGES = 64

BLOCK_TAGS = frozenset(("p", "h1", "h2", "h3", "h4", "h5", "h6", "li", "td", "th", "tr", "table", "ul", "ol", "div",
                        "dt", "dd", "dl", "body"))
VOID_TAGS = frozenset(("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"))
# What to leave out, and under which reason it is counted.
SKIP_TAGS = {"head": "navigation", "script": "navigation", "style": "navigation", "noscript": "navigation",
             "header": "navigation", "aside": "navigation", "footer": "navigation", "nav": "navigation",
             "button": "navigation", "pre": "code"}
SKIP_CLASSES = {"howtoget": "menu_path", "relatedtopics": "related_links", "embedded_links": "related_links",
                "noteicon": "icon", "iconcell": "icon", "icontable": "icon", "screenshot": "icon", "MAC": "other_system",
                "bascode": "code", "pycode": "code", "code": "code", "codeintable": "code", "smathcode": "code",
                "debug": "navigation"}
SKIP_IDS = {"DEBUG": "navigation", "SearchFrame": "navigation", "DonationFrame": "navigation"}


class Refusal(Exception):
    """Something the person at the keyboard can change."""


class PageText(html.parser.HTMLParser):
    """The text blocks of one help page, and how many elements were left out by reason."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.blocks = []
        self.skipped = collections.Counter()
        self._text = []
        self._open = []       # tags inside a skipped element, the element first

    def handle_starttag(self, tag, attrs):
        if tag in VOID_TAGS:
            if tag == "br" and not self._open:
                self._text.append(" ")
            return
        if self._open:
            self._open.append(tag)
            return
        attributes = dict(attrs)
        reason = SKIP_TAGS.get(tag) or SKIP_IDS.get(attributes.get("id") or "")
        for name in (attributes.get("class") or "").split():
            reason = reason or SKIP_CLASSES.get(name)
        if tag in BLOCK_TAGS:
            self._flush()
        if reason:
            self._open.append(tag)
            self.skipped[reason] += 1

    def handle_endtag(self, tag):
        if self._open:
            # Tolerates unclosed elements inside the skipped one: closes up to the innermost of that name.
            if tag in self._open:
                while self._open.pop() != tag:
                    pass
            return
        if tag in BLOCK_TAGS:
            self._flush()

    def handle_data(self, data):
        if not self._open:
            self._text.append(data)

    def close(self):
        super().close()
        self._flush()

    def _flush(self):
        text = " ".join("".join(self._text).split())
        self._text.clear()
        if text:
            self.blocks.append(unicodedata.normalize("NFC", text))


WORD = re.compile(r"[^\W\d_]+")
ADDRESS = re.compile(r"[^\s@]+@[^\s@]+\.\w+|https?://|www\.")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\ufeff]")


def is_english(text, language):
    """Untranslated: six words or more, of which the/and/of/to/is (less the language's own) are eight in a hundred."""
    if language == "en":
        return False
    words = WORD.findall(text.lower())
    if len(words) < ENGLISH_WORDS_LEAST:
        return False
    counted = ENGLISH_WORDS - OWN_WORDS.get(language, frozenset())
    return sum(word in counted for word in words) >= ENGLISH_SHARE * len(words)


def normalised(text):
    """Two blocks that differ only in case, digits, spacing or punctuation are the same block."""
    return " ".join(WORD.findall(text.lower()))


def read_page(text):
    """(blocks, elements left out by reason) of one page's HTML."""
    start = text.find('<div id="DisplayArea"')
    parser = PageText()
    parser.feed(text[start:] if start >= 0 else text)
    parser.close()
    return [CONTROL.sub("", block) for block in parser.blocks], dict(parser.skipped)


def clean_blocks(blocks, language, english=frozenset()):
    """(kept blocks, removed by reason) by the rules that need only the page and its English original's blocks."""
    kept, removed = [], collections.Counter()
    for block in blocks:
        letters = sum(character.isalpha() for character in block)
        if letters < 3 or letters * 2 < len(block):
            removed["few_letters"] += 1
        elif ADDRESS.search(block):
            removed["address"] += 1
        elif is_english(block, language):
            removed["untranslated_english"] += 1
        elif language != REFERENCE and block in english and len(WORD.findall(block)) >= SAME_WORDS_LEAST:
            removed["same_as_english"] += 1
        else:
            kept.append(block)
    return kept, removed


def parse_page(job):
    """One page in every language: language -> (kept blocks, removed by reason)."""
    paths, reference = job

    def read(path):
        with open(path, encoding="utf-8", errors="strict") as file:
            return read_page(file.read())

    original = read(reference)
    english = frozenset(original[0])
    pages = {}
    for language, path in paths.items():
        blocks, skipped = original if language == REFERENCE else read(path)
        kept, removed = clean_blocks(blocks, language, english)
        removed.update(skipped)
        # A page that is English once its short blocks are read together was never translated.
        if is_english(" ".join(kept), language):
            removed["untranslated_english"] += len(kept)
            kept = []
        pages[language] = kept, dict(removed)
    return pages


def page_order(page_id):
    """Pages are taken in the order of this digest, so a smaller limit takes a subset of a larger one's pages."""
    return hashlib.sha256(page_id.encode()).digest()


class Corpus:
    """Takes pages in order, all languages of one together; drops what an accepted page already said."""

    def __init__(self, languages, limit_bytes=None):
        self.languages = languages
        self.limit_bytes = limit_bytes
        self.full = False
        self.texts = {language: {} for language in languages}
        self.bytes = collections.Counter()
        self.removed = {language: collections.Counter() for language in languages}
        self.pages_left_out = collections.Counter()
        self._seen = {language: set() for language in languages}

    def add(self, page_id, pages):
        """pages: language -> (kept blocks, removed by reason). False once the limit is reached."""
        if self.full:
            return False
        texts, fresh, repeats = {}, {}, {}
        for language in self.languages:
            texts[language], fresh[language], repeats[language] = self._without_repeats(pages[language][0], language)
        for language in self.languages:
            self.removed[language].update(pages[language][1])
            self.removed[language]["repeated"] += repeats[language]
        if any(len(texts[language].encode()) < PAGE_BYTES_LEAST for language in self.languages):
            self.pages_left_out["too_short_in_some_language"] += 1
            return True
        sizes = {language: len(texts[language].encode()) for language in self.languages}
        if self.limit_bytes and any(self.bytes[language] + sizes[language] > self.limit_bytes for language in sizes):
            self.full = True
            return False
        for language in self.languages:
            self.texts[language][page_id] = texts[language]
            self.bytes[language] += sizes[language]
            self._seen[language] |= fresh[language]
        return True

    def _without_repeats(self, blocks, language):
        kept, fresh, repeats = [], set(), 0
        for block in blocks:
            key = hashlib.sha256(normalised(block).encode()).digest()[:16]
            if key in fresh or key in self._seen[language]:
                repeats += 1
            else:
                fresh.add(key)
                kept.append(block)
        return "\n".join(kept), fresh, repeats


def page_ids(folder):
    return {os.path.relpath(path, folder)[:-len(".html")].replace(os.sep, "/")
            for path in glob.iglob(os.path.join(glob.escape(folder), "**", "*.html"), recursive=True)}


def build(folders, languages, limit_bytes, jobs):
    """folders: language -> its folder of pages, English among them. Returns the filled Corpus and the number of pages
    that exist in every language."""
    ids = [page_ids(folder) for folder in folders.values()]
    common = set.intersection(*ids)
    corpus = Corpus(languages, limit_bytes)
    corpus.pages_left_out["not_in_every_language"] = len(set.union(*ids)) - len(common)
    order = sorted(common, key=page_order)
    with multiprocessing.Pool(jobs) as pool:
        for at in range(0, len(order), BATCH_PAGES):
            batch = order[at:at + BATCH_PAGES]
            work = [({language: os.path.join(folders[language], page_id + ".html") for language in languages},
                     os.path.join(folders[REFERENCE], page_id + ".html")) for page_id in batch]
            for page_id, pages in zip(batch, pool.map(parse_page, work, chunksize=4)):
                if not corpus.add(page_id, pages):
                    break
            if corpus.full:
                break
    return corpus, len(common)


def sha256_file(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for part in iter(lambda: file.read(1 << 20), b""):
            digest.update(part)
    return digest.hexdigest()


def call(arguments, **options):
    try:
        return subprocess.run(arguments, capture_output=True, text=True, **options)
    except FileNotFoundError:
        raise Refusal(f"{arguments[0]} is not here: this step needs a Debian-like system with apt and dpkg-deb, or a "
                      "--cache folder that already holds the packages and dpkg-deb") from None


def cached_package(cache, name):
    """The package's file in the cache, or None. Two versions at once are a question only a person can answer."""
    found = sorted(glob.glob(os.path.join(glob.escape(cache), name + "_*.deb")))
    if len(found) > 1:
        raise Refusal(f"{cache} holds {len(found)} versions of {name}: delete those you do not want")
    return found[0] if found else None


def fetch(cache, name):
    options = ["-o", "APT::Sandbox::User=root"] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        got = call(["apt-get", "-q", *options, "download", name], cwd=folder, env={**os.environ, "LC_ALL": "C"})
        files = glob.glob(os.path.join(folder, "*.deb"))
        if got.returncode == 0 and len(files) == 1:
            target = os.path.join(cache, os.path.basename(files[0]))
            os.replace(files[0], target)
            return target
    why = got.stderr.strip().splitlines()
    why = why[-1] if why else f"apt-get ended with {got.returncode}"
    if "Unable to locate package" in got.stderr or "No candidate version" in got.stderr \
            or "Can't select candidate version" in got.stderr:
        raise Refusal(f"apt knows no package {name}: run 'apt-get update' and check that Debian's main archive is among "
                      f"the sources ({why})")
    raise Refusal(f"{name} could not be downloaded: check the network, or put the package's .deb file into {cache} "
                  f"({why})")


def unpack(deb, folder):
    done = call(["dpkg-deb", "-x", deb, folder])
    if done.returncode != 0:
        raise Refusal(f"{deb} cannot be unpacked, so it is damaged: delete it and run again ({done.stderr.strip()})")


def package_facts(deb, folder, name):
    fields = call(["dpkg-deb", "-f", deb, "Package", "Version", "Architecture"])
    facts = dict(line.split(": ", 1) for line in fields.stdout.splitlines() if ": " in line)
    if facts.get("Package") != name:
        raise Refusal(f"{deb} is not the package {name}: delete it and run again")
    doc = os.path.join(folder, "usr/share/doc", name)
    return {"name": name, "version": facts["Version"], "architecture": facts["Architecture"],
            "sha256": sha256_file(deb), "bytes": os.path.getsize(deb),
            "copyright_sha256": sha256_file(os.path.join(doc, "copyright"))}


MONTHS = {name: at for at, name in enumerate("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)}


def changelog_day(folder, name):
    """The day of the package's newest changelog entry, as 2026-06-06; none where it does not say."""
    try:
        with gzip.open(os.path.join(folder, "usr/share/doc", name, "changelog.Debian.gz"), "rt", encoding="utf-8") as file:
            for line in file:
                match = re.match(r" -- .*>  \w{3}, +(\d{1,2}) (\w{3}) (\d{4}) ", line)
                if match and match[2] in MONTHS:
                    return f"{match[3]}-{MONTHS[match[2]]:02d}-{int(match[1]):02d}"
    except OSError:
        pass
    return None


def describe(corpus, packages, days, pages_common, limit_mb):
    languages = corpus.languages
    return {
        "title": "LibreOffice help pages, parallel in " + str(len(languages)) + " languages",
        "source": "Debian packages " + PACKAGE + "*, texts by the LibreOffice contributors",
        "source_kind": "public dataset",
        "modality": "text",
        "licence": "MPL-2.0",
        "licence_note": "each package's copyright file (copyright_sha256) names the licences of single files",
        "personal_data": "no",
        "personal_data_reason": "software documentation; blocks that hold a mail or web address are removed",
        "period": {
            "from": None, "to": max((day for day in days if day), default=None),
            "note": "written from 2000 (the copyright notice's first year, no date is known for a single page) to the "
                    "day of the newest package",
        },
        "split_unit": "id: all languages of one help page belong on one side of a split",
        "script_sha256": {os.path.basename(__file__): sha256_file(os.path.abspath(__file__))},
        "unicode_version": unicodedata.unidata_version,
        "options": {"languages": languages, "limit_mb": limit_mb},
        "packages": packages,
        "pages_in_every_language": pages_common,
        "pages_left_out": dict(sorted(corpus.pages_left_out.items())),
        "stopped_at_limit": corpus.full,
        "documents": len(corpus.texts[languages[0]]),
        "bytes": sum(corpus.bytes.values()),
        "languages": {
            language: {"name": NAMES[language], "documents": len(corpus.texts[language]),
                       "bytes": corpus.bytes[language],
                       "words": sum(len(text.split()) for text in corpus.texts[language].values()),
                       "removed": dict(sorted(corpus.removed[language].items()))}
            for language in languages},
    }


def write_atomically(path, text):
    partial = path + ".partial"
    with open(partial, "w", encoding="utf-8", newline="\n") as file:
        file.write(text)
    os.replace(partial, path)


def write(out, corpus, description):
    os.makedirs(out, exist_ok=True)
    # The description is written last and removed first: where it stands, the folder is whole.
    try:
        os.remove(os.path.join(out, "corpus.json"))
    except FileNotFoundError:
        pass
    for old in glob.glob(os.path.join(glob.escape(out), "??.jsonl")):
        os.remove(old)
    for language in corpus.languages:
        lines = (json.dumps({"id": page_id, "text": text}, ensure_ascii=False) + "\n"
                 for page_id, text in sorted(corpus.texts[language].items()))
        path = os.path.join(out, language + ".jsonl")
        write_atomically(path, "".join(lines))
        description["languages"][language]["sha256"] = sha256_file(path)
    write_atomically(os.path.join(out, "corpus.json"), json.dumps(description, ensure_ascii=False, indent=1) + "\n")


def parse_arguments(arguments):
    parser = argparse.ArgumentParser(description="Makes a parallel corpus out of Debian's libreoffice-help packages.")
    parser.add_argument("--out", required=True, help="folder for the result")
    parser.add_argument("--languages", default=DEFAULT_LANGUAGES,
                        help=f"comma-separated, of {' '.join(sorted(LANGUAGES))} (default {DEFAULT_LANGUAGES})")
    parser.add_argument("--cache", help="folder that keeps the packages (default OUT/packages)")
    parser.add_argument("--limit-mb", type=float, help="stop before any language has more than this many MB of text")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes (default one a core)")
    options = parser.parse_args(arguments)
    options.languages = sorted(set(filter(None, options.languages.split(","))))
    unknown = [language for language in options.languages if language not in LANGUAGES]
    if unknown or not options.languages:
        raise Refusal(f"--languages: {','.join(unknown) or 'nothing given'}; known are {' '.join(sorted(LANGUAGES))}")
    if options.limit_mb is not None and not 0.01 <= options.limit_mb <= 10000:
        raise Refusal("--limit-mb: give a number from 0.01 to 10000")
    if not 1 <= options.jobs <= 256:
        raise Refusal("--jobs: give a number from 1 to 256")
    options.cache = options.cache or os.path.join(options.out, "packages")
    return options


def run(options):
    os.makedirs(options.cache, exist_ok=True)
    packages, folders, days = [], {}, []
    unpacked = tempfile.mkdtemp(prefix="corpus-")
    try:
        for language in sorted({*options.languages, REFERENCE}):
            suffix, folder = LANGUAGES[language]
            name = PACKAGE + suffix
            deb = cached_package(options.cache, name) or fetch(options.cache, name)
            root = os.path.join(unpacked, language)
            unpack(deb, root)
            packages.append(package_facts(deb, root, name))
            days.append(changelog_day(root, name))
            folders[language] = os.path.join(root, HELP, folder, "text")
            if not os.path.isdir(folders[language]):
                raise Refusal(f"{name} holds no {HELP}/{folder}/text: this version of the package is laid out "
                              "differently, use Debian 12's")
        limit = int(options.limit_mb * 1_000_000) if options.limit_mb else None
        corpus, pages_common = build(folders, options.languages, limit, options.jobs)
        if not corpus.bytes:
            raise Refusal("not one page is left: raise --limit-mb")
        description = describe(corpus, packages, days, pages_common, options.limit_mb)
        write(options.out, corpus, description)
    finally:
        shutil.rmtree(unpacked, ignore_errors=True)
    return description


def main(arguments):
    try:
        description = run(parse_arguments(arguments))
    except Refusal as refusal:
        print(f"prepare.py: {refusal}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"prepare.py: {error}: check the folder's rights and free space", file=sys.stderr)
        return 1
    print(f"{description['documents']} pages in {len(description['languages'])} languages, "
          f"{description['bytes'] / 1e6:.1f} MB")
    for language, facts in description["languages"].items():
        english = sum(facts["removed"].get(reason, 0) for reason in ("untranslated_english", "same_as_english"))
        print(f"  {language}  {facts['bytes'] / 1e6:6.2f} MB  {facts['words']:8d} words  "
              f"{facts['removed'].get('repeated', 0):6d} repeated and {english:4d} English blocks removed")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
