#!/usr/bin/env python3
"""Makes the round of examples/round: generate.py [--seed 2026] [--proposals 200] [--reviewers 60] [--out round.json]

Everything in it is invented: organisations, people and proposals come from the seed and the lists below, and each title says
"(generated)". The same seed gives the same bytes on any machine: only random.Random.random() is drawn from, whose sequence Python
promises to keep. People live in 30 countries and write in 12 languages. A proposal has a quality in [0, 1] that only the player knows:
from it come what its reviewers say (quality plus noise), never what the program is told.
"""
import argparse
import json
import random
import sys

# Language: its topics (the same ten in each), the title around a topic, the sentences of the purpose.
LANGUAGES = {
    "en": (["speech recognition for rare dialects", "weather forecasts at one kilometre", "early diagnosis from retinal images",
            "protein folding with membranes", "battery materials", "reading of contracts and laws", "crop yield from satellite images",
            "defects on production lines", "load of power grids", "translation of spoken language"],
           "A foundation model for {}",
           ["We train a model for {} and compare it with what is used today.", "The data are our own and have been cleaned by experts.",
            "Results and weights will be published."]),
    "de": (["Spracherkennung für seltene Dialekte", "Wettervorhersage auf einen Kilometer", "Früherkennung anhand von Netzhautbildern",
            "Proteinfaltung mit Membranen", "Batteriewerkstoffe", "Lesen von Verträgen und Gesetzen", "Ernteerträge aus Satellitenbildern",
            "Fehler an Fertigungsstraßen", "Last von Stromnetzen", "Übersetzung gesprochener Sprache"],
           "Ein Grundlagenmodell für {}",
           ["Wir trainieren ein Modell für {} und vergleichen es mit dem heutigen Stand.", "Die Daten gehören uns und sind von Fachleuten geprüft.",
            "Ergebnisse und Gewichte werden veröffentlicht."]),
    "fr": (["reconnaissance vocale des dialectes rares", "prévisions météo au kilomètre", "diagnostic précoce sur images de la rétine",
            "repliement des protéines membranaires", "matériaux pour batteries", "lecture de contrats et de lois",
            "rendement agricole vu par satellite", "défauts sur lignes de production", "charge des réseaux électriques",
            "traduction de la langue parlée"],
           "Un modèle de fondation : {}",
           ["Nous entraînons un modèle ({}) et le comparons à l'état de l'art.", "Les données nous appartiennent et ont été vérifiées.",
            "Les résultats et les poids seront publiés."]),
    "es": (["reconocimiento del habla en dialectos raros", "predicción meteorológica a un kilómetro", "diagnóstico precoz con imágenes de retina",
            "plegamiento de proteínas de membrana", "materiales para baterías", "lectura de contratos y leyes",
            "cosechas desde imágenes de satélite", "defectos en líneas de producción", "carga de redes eléctricas", "traducción del habla"],
           "Un modelo fundacional: {}",
           ["Entrenamos un modelo ({}) y lo comparamos con lo que hoy se usa.", "Los datos son propios y fueron revisados por expertos.",
            "Se publicarán los resultados y los pesos."]),
    "it": (["riconoscimento vocale di dialetti rari", "previsioni meteo a un chilometro", "diagnosi precoce da immagini della retina",
            "ripiegamento di proteine di membrana", "materiali per batterie", "lettura di contratti e leggi", "raccolti da immagini satellitari",
            "difetti nelle linee di produzione", "carico delle reti elettriche", "traduzione del parlato"],
           "Un modello di base: {}",
           ["Addestriamo un modello ({}) e lo confrontiamo con quelli in uso.", "I dati sono nostri e sono stati verificati.",
            "Pubblicheremo risultati e pesi."]),
    "pl": (["rozpoznawanie mowy w rzadkich dialektach", "prognoza pogody co kilometr", "wczesna diagnoza z obrazów siatkówki",
            "fałdowanie białek błonowych", "materiały do baterii", "czytanie umów i ustaw", "plony ze zdjęć satelitarnych",
            "wady na liniach produkcyjnych", "obciążenie sieci energetycznych", "tłumaczenie mowy"],
           "Model bazowy: {}",
           ["Trenujemy model ({}) i porównujemy go z obecnymi.", "Dane są nasze i zostały sprawdzone przez ekspertów.",
            "Wyniki i wagi zostaną opublikowane."]),
    "el": (["αναγνώριση ομιλίας σπάνιων διαλέκτων", "πρόγνωση καιρού ανά χιλιόμετρο", "έγκαιρη διάγνωση από εικόνες αμφιβληστροειδούς",
            "αναδίπλωση μεμβρανικών πρωτεϊνών", "υλικά μπαταριών", "ανάγνωση συμβάσεων και νόμων", "σοδειές από δορυφορικές εικόνες",
            "ελαττώματα σε γραμμές παραγωγής", "φορτίο ηλεκτρικών δικτύων", "μετάφραση προφορικού λόγου"],
           "Ένα θεμελιώδες μοντέλο: {}",
           ["Εκπαιδεύουμε ένα μοντέλο ({}) και το συγκρίνουμε με τα σημερινά.", "Τα δεδομένα είναι δικά μας και έχουν ελεγχθεί.",
            "Τα αποτελέσματα και τα βάρη θα δημοσιευθούν."]),
    "bg": (["разпознаване на реч в редки диалекти", "прогноза за времето на километър", "ранна диагноза от снимки на ретината",
            "нагъване на мембранни белтъци", "материали за батерии", "четене на договори и закони", "добиви от сателитни снимки",
            "дефекти на производствени линии", "натоварване на електрически мрежи", "превод на говорима реч"],
           "Базов модел: {}",
           ["Обучаваме модел ({}) и го сравняваме с днешните.", "Данните са наши и са проверени от експерти.",
            "Резултатите и теглата ще бъдат публикувани."]),
    "lv": (["runas atpazīšana retos dialektos", "laika prognoze ar kilometra soli", "agrīna diagnoze no tīklenes attēliem",
            "membrānu olbaltumvielu locīšanās", "bateriju materiāli", "līgumu un likumu lasīšana", "raža no satelīta attēliem",
            "defekti ražošanas līnijās", "elektrotīklu slodze", "runas tulkošana"],
           "Pamatmodelis: {}",
           ["Mēs apmācām modeli ({}) un salīdzinām to ar esošajiem.", "Dati ir mūsu un ekspertu pārbaudīti.",
            "Rezultāti un svari tiks publicēti."]),
    "fi": (["puheentunnistus harvinaisille murteille", "sääennuste kilometrin tarkkuudella", "varhainen diagnoosi verkkokalvokuvista",
            "kalvoproteiinien laskostuminen", "akkumateriaalit", "sopimusten ja lakien lukeminen", "sato satelliittikuvista",
            "tuotantolinjojen viat", "sähköverkkojen kuorma", "puheen kääntäminen"],
           "Perusmalli: {}",
           ["Koulutamme mallin ({}) ja vertaamme sitä nykyisiin.", "Aineisto on omaamme ja asiantuntijoiden tarkastama.",
            "Tulokset ja painot julkaistaan."]),
    "pt": (["reconhecimento de fala em dialetos raros", "previsão do tempo ao quilómetro", "diagnóstico precoce por imagens da retina",
            "enovelamento de proteínas de membrana", "materiais para baterias", "leitura de contratos e leis",
            "colheitas por imagens de satélite", "defeitos em linhas de produção", "carga de redes elétricas", "tradução da fala"],
           "Um modelo de base: {}",
           ["Treinamos um modelo ({}) e comparamo-lo com os atuais.", "Os dados são nossos e foram verificados.",
            "Os resultados e os pesos serão publicados."]),
    "ro": (["recunoașterea vorbirii în dialecte rare", "prognoza meteo la un kilometru", "diagnostic timpuriu din imagini ale retinei",
            "plierea proteinelor de membrană", "materiale pentru baterii", "citirea contractelor și legilor", "recolte din imagini de satelit",
            "defecte pe linii de producție", "sarcina rețelelor electrice", "traducerea vorbirii"],
           "Un model de bază: {}",
           ["Antrenăm un model ({}) și îl comparăm cu cele actuale.", "Datele sunt ale noastre și au fost verificate.",
            "Rezultatele și ponderile vor fi publicate."]),
}

# Country, language, a town, given names, family names.
COUNTRIES = [
    ("AT", "de", "Graz", ["Johanna", "Lukas"], ["Pichler", "Gruber", "Moser"]), ("BE", "fr", "Liège", ["Noémie", "Loïc"], ["Lambert", "Dupont", "Maes"]),
    ("BG", "bg", "Пловдив", ["Цветана", "Георги"], ["Иванова", "Димитров", "Стоянов"]), ("HR", "en", "Split", ["Ana", "Šime"], ["Horvat", "Kovačić", "Babić"]),
    ("CY", "el", "Λεμεσός", ["Ελένη", "Ανδρέας"], ["Χριστοδούλου", "Παππάς"]), ("CZ", "en", "Brno", ["Jiří", "Zdeňka"], ["Dvořák", "Svobodová", "Říha"]),
    ("DK", "en", "Aarhus", ["Søren", "Åse"], ["Kjærgaard", "Møller"]), ("EE", "fi", "Tartu", ["Õnne", "Jüri"], ["Tamm", "Mägi"]),
    ("FI", "fi", "Oulu", ["Päivi", "Väinö"], ["Mäkelä", "Virtanen", "Järvinen"]), ("FR", "fr", "Grenoble", ["Zoé", "Jérôme"], ["Lefèvre", "Moreau", "Garçon"]),
    ("DE", "de", "Tübingen", ["Jürgen", "Käthe"], ["Müller", "Schröder", "Weiß"]), ("EL", "el", "Πάτρα", ["Κωνσταντίνος", "Μαρία"], ["Παπαδόπουλος", "Γεωργίου"]),
    ("HU", "en", "Szeged", ["Ágnes", "László"], ["Szűcs", "Kovács"]), ("IE", "en", "Galway", ["Siobhán", "Pádraig"], ["Ó Briain", "Ní Dhomhnaill", "O'Neill"]),
    ("IT", "it", "Trento", ["Niccolò", "Giulia"], ["D'Angelo", "Rossi", "De Luca"]), ("LV", "lv", "Liepāja", ["Jānis", "Līga"], ["Ozols", "Bērziņa", "Kalniņš"]),
    ("LT", "en", "Kaunas", ["Žygimantas", "Rūta"], ["Petrauskas", "Šimkutė"]), ("LU", "de", "Esch", ["Léa", "Jempi"], ["Weber", "Thill"]),
    ("MT", "en", "Msida", ["Ġorġ", "Marija"], ["Borġ", "Żammit"]), ("NL", "en", "Delft", ["Daniël", "Maud"], ["van der Berg", "IJsbrand"]),
    ("PL", "pl", "Łódź", ["Małgorzata", "Paweł"], ["Wójcik", "Żak", "Kamińska"]), ("PT", "pt", "Coimbra", ["João", "Inês"], ["Conceição", "Simões"]),
    ("RO", "ro", "Iași", ["Ștefan", "Ioana"], ["Țurcanu", "Popescu"]), ("SK", "en", "Košice", ["Ľudmila", "Ján"], ["Kováč", "Šťastný"]),
    ("SI", "en", "Maribor", ["Špela", "Matjaž"], ["Žnidaršič", "Novak"]), ("ES", "es", "Málaga", ["Begoña", "Iñigo"], ["Núñez", "García", "Ibáñez"]),
    ("SE", "en", "Umeå", ["Björn", "Åsa"], ["Åkesson", "Lindström"]), ("NO", "en", "Tromsø", ["Øystein", "Bjørg"], ["Sæther", "Ødegård"]),
    ("IS", "en", "Akureyri", ["Þórunn", "Guðmundur"], ["Jónsdóttir", "Sigurðsson"]), ("RS", "en", "Niš", ["Milica", "Đorđe"], ["Jovanović", "Ćirić"]),
]
KINDS = ["start_up", "sme", "university", "research_organisation", "sme", "start_up", "small_mid_cap", "large_company", "university"]
COMPANIES = {"start_up", "sme", "small_mid_cap", "large_company"}
# Partition of the facts with its unit, what a proposal may ask for, and what the round has.
PARTITIONS = [("lumi/lumi-g", "gpu_hour", 400, 80_000, 480_000), ("leonardo/booster", "node_hour", 100, 20_000, 100_000),
              ("meluxina/gpu", "node_hour", 50, 5_000, 30_000)]


class Source:
    """Draws in the one way that stays the same between versions of Python."""

    def __init__(self, seed):
        self.drawn = random.Random(seed)

    def below(self, number):
        return int(self.drawn.random() * number)

    def one(self, items):
        return items[self.below(len(items))]

    def share(self):
        return self.drawn.random()


def organisation(source, number):
    country, language, town, _, family = COUNTRIES[number % len(COUNTRIES)]
    kind = KINDS[number % len(KINDS)]
    name = {"university": f"University of {town}", "research_organisation": f"{town} Research Institute"}.get(kind)
    name = name or f"{source.one(family)} {source.one(['Analytics', 'Labs', 'Robotics', 'Medical', 'Energy'])} {town}"
    return {"name": f"{name} {number}", "country": country, "kind": kind, "language": language}


def person(source, country, number, what):
    _, _, _, given, family = next(one for one in COUNTRIES if one[0] == country)
    return {"name": f"{source.one(given)} {source.one(family)}", "email": f"{what}{number:03}@round.example"}


def proposal(source, number, organisations):
    firm = number % len(organisations)
    language = organisations[firm]["language"]
    topics, title, sentences = LANGUAGES[language]
    topic = source.below(len(topics))
    partition, unit, least, most, _ = PARTITIONS[source.below(100) * len(PARTITIONS) // 100]
    amount = int(least * (most / least) ** source.share())
    others = [one for one in PARTITIONS if one[0] != partition]
    fall_backs = []
    if source.share() < 0.4:
        other = source.one(others)
        fall_backs.append({"partition": other[0], "amount_units": min(max(amount, other[2]), other[3])})
    return {
        "applicant": person(source, organisations[firm]["country"], number, "pi"), "organisation": firm, "language": language,
        "topic": topic, "title": f"{title.format(topics[topic])} {number} (generated)",
        "purpose": " ".join(one.format(topics[topic]) for one in sentences),
        "partition": partition, "unit": unit, "amount_units": amount, "minimum_units": max(least, amount // 2) if source.share() < 0.5 else None,
        "fall_backs": fall_backs, "duration_days": source.one([90, 180, 365]), "confidential": source.share() < 0.1,
        "quality": round(source.share() ** 0.7, 6)}


def reviewer(source, number):
    country, language, town, _, _ = COUNTRIES[(number * 7) % len(COUNTRIES)]
    topics = [source.below(10) for _ in range(4)]
    keywords = [LANGUAGES[language][0][topic] for topic in topics] + [LANGUAGES["en"][0][topic] for topic in topics]
    return {"person": person(source, country, number, "reviewer"), "country": country, "languages": sorted({language, "en"}),
            "keywords": list(dict.fromkeys(keywords)), "affiliations": [f"{town} Academy {number}"], "load_max": 14 + source.below(5)}


def make(seed=2026, proposals=200, reviewers=60):
    source = Source(seed)
    organisations = [organisation(source, number) for number in range(max(1, proposals * 3 // 5))]
    made = {"generated": True, "seed": seed, "partitions": [{"partition": name, "unit": unit, "min_units": least, "max_units": most, "capacity_units": room}
                                                             for name, unit, least, most, room in PARTITIONS],
            "organisations": organisations, "proposals": [proposal(source, number, organisations) for number in range(proposals)],
            "reviewers": [reviewer(source, number) for number in range(reviewers)]}
    # Two conflicts that are there to be found: reviewers who work where an applicant works.
    for number in (0, 1):
        if number < len(made["reviewers"]):
            made["reviewers"][number]["affiliations"].append(organisations[made["proposals"][number]["organisation"]]["name"])
    return made


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seed", type=int, default=2026)
    arguments.add_argument("--proposals", type=int, default=200)
    arguments.add_argument("--reviewers", type=int, default=60)
    arguments.add_argument("--out", type=argparse.FileType("w", encoding="utf-8"), default=sys.stdout)
    given = arguments.parse_args()
    json.dump(make(given.seed, given.proposals, given.reviewers), given.out, ensure_ascii=False, indent=1)
    given.out.write("\n")


if __name__ == "__main__":
    main()
