#!/usr/bin/env python3
"""A reviewed round of 200 generated proposals over HTTP, in real time: round.py [--build B] [--database sqlite|postgres] [--proposals N]

examples/round/generate.py makes the world: 30 countries, 12 languages, 60 reviewers, three systems. Everything is sent before a cut-off a
minute or two ahead (cut-offs are whole minutes). Then the access office works as one would: checks, reviewers and their conflicts,
assignment with its certificate, somebody declines, reviews, ranking, what-if, awards with a share for small firms, publication (the
server is killed in its middle), letters, acceptances, a refusal whose hours go to the reserve, an appeal, the public register. What a
wrong hand could do on the way is refused. At the end the ledger adds up, register and indicators recount equal, the log is whole, and
each act was found in the journal.
"""
import argparse
import collections
import concurrent.futures
import datetime
import importlib.util
import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import harness  # noqa: E402

PATIENCE_S = 180
SETUP_S = 30  # what sending the proposals may take
HANDS = 8     # requests at the same time
FORM = "eurohpc-ai-application-2026"
CHECKLIST = ["The form is complete", "The organisation may apply"]
CRITERIA = ["excellence", "impact", "implementation"]
PLAIN = {  # answers of a project that asks for nothing special; everything else is filled in by type
    "application_kind": "new", "confidential_part": "no", "personal_data_processed": "no", "civilian_purposes": "yes",
    "military_involvement": "no", "dual_use_listed": "no", "handed_outside_union": "no", "restricted_party": "no",
    "prohibited_practice": "no", "contact_is_pi": "yes", "transfer_tb": 0, "can_checkpoint": "no", "containers": "no", "support_wanted": "no",
    "funding_programmes": ["own"], "ethics_agency_affected": "no", "ethics_transparency_aware": "nobody_concerned"}


def generator():
    spec = importlib.util.spec_from_file_location("generate", harness.ROOT / "examples/round/generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pdf(text):
    """A small whole PDF of one page."""
    stream = b"BT /F1 12 Tf 72 720 Td (" + text.encode("ascii", "replace").replace(b"(", b"").replace(b")", b"") + b") Tj ET"
    bodies = [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
              b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 5 0 R >> >> /Contents 4 0 R >>",
              b"<< /Length %d >>\nstream\n%b\nendstream" % (len(stream), stream),
              b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(bodies, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return out + b"xref\n0 %d\n0000000000 65535 f \n%btrailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(bodies) + 1, table, len(bodies) + 1, len(out))


def filled(field):
    limits, kind = field.get("limits", {}), field["type"]
    if kind in ("text", "long_text"):
        return "Described in the plan. " * 12 if limits.get("characters_min", 0) > 9 else "As described"[:limits.get("characters_max", 12)]
    if kind in ("integer", "decimal", "quantity", "money"):
        return max(1, limits.get("min", 0))
    if kind == "yes_no_unknown":
        return field.get("must_be", "yes")
    if kind == "choice":
        return field.get("must_be", field["options"][0]["key"])
    if kind == "choices":
        return [one["key"] for one in field["options"]][:max(1, limits.get("items_min", 1))]
    if kind == "table":
        return [{column["key"]: filled(column) for column in field["columns"] if column.get("required")}]
    return {"date": "2026-11-23", "country": "LV", "email": "anna@round.example", "url": "https://example.eu/project"}.get(kind)


class World:
    def __init__(self, factory):
        self.factory, self.tokens = factory, {}

    def call(self, who, method, path, body=None, status=(200, 201, 202, 204), reason=None):
        if method != "GET" and body is None:
            body = {}
        answer = self.factory.send(method, path, body, self.tokens.get(who))
        if reason:
            got = answer.json().get("reason") if answer.status >= 400 else answer.status
            if got != reason:
                raise harness.Failure(f"{who} {method} {path}: {got}, not {reason}: {answer.text()[:600]}")
            return None
        if answer.status not in status:
            raise harness.Failure(f"{who} {method} {path}: {answer.status} {answer.text()[:1500]}")
        return answer.json() if "json" in (answer.header("Content-Type") or "") else answer.text()

    def until(self, what, condition):
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            if found := condition():
                return found
            time.sleep(0.1)
        raise harness.Failure(f"{what}: not within {PATIENCE_S} s")


def must(what, condition):
    if not condition:
        raise harness.Failure(what)


def all_at_once(work, items):
    """work(item) for each, some at the same time; the results in the order of the items."""
    with concurrent.futures.ThreadPoolExecutor(HANDS) as hands:
        return list(hands.map(work, items))


def now_utc():
    return datetime.datetime.now(datetime.timezone.utc)


class Round:
    """The acts in the order of main(); what one leaves for the next are its fields."""

    def __init__(self, world, made):
        self.world, self.made = world, made
        self.persons, self.sent = {}, []  # by name of a token; (who, project, proposal) by number

    # People

    def people(self, factory, admin):
        world, made = self.world, self.made
        world.tokens["admin"] = admin
        self.firms = all_at_once(lambda one: world.call("admin", "POST", "/organisations", {
            key: one[key] for key in ("name", "country", "kind")} | {"demo": True})["id"], made["organisations"])
        wanted = [("officer", {"name": "Olga Officer", "email": "officer@round.example",
                               "grants": [{"role": "access_officer", "scope": ""}]})]
        wanted += [(f"applicant{number}", one["applicant"] | {"organisation": self.firms[one["organisation"]]})
                   for number, one in enumerate(made["proposals"])]
        wanted += [(f"reviewer{number}", one["person"]) for number, one in enumerate(made["reviewers"])]
        ids = all_at_once(lambda one: world.call("admin", "POST", "/people", one[1])["id"], wanted)
        self.persons = {who: made_id for (who, _), made_id in zip(wanted, ids)}
        factory.stop()

        def token(one):
            out = factory.folder.parent / f"{one[0]}.token"
            factory.must_run("token", "issue", "--email", one[1]["email"], "--out", out)
            world.tokens[one[0]] = out.read_text().strip()

        for one in wanted:  # one command at a time holds the data folder
            token(one)
        factory.start()

    # The call

    def publish_call(self):
        world = self.world
        self.cutoff = (now_utc() + datetime.timedelta(seconds=SETUP_S)).replace(second=0, microsecond=0) + datetime.timedelta(minutes=1)
        later = self.cutoff + datetime.timedelta(days=60)
        draft = {"title": "AI for industry and science (generated round)", "summary": "Hours on three systems by review.", "kind": "reviewed",
                 "opens": "2026-01-01T00:00:00Z", "duration_days_max": 365, "answer_working_days": 10, "demo": True,
                 "organisation_kinds": sorted({one["kind"] for one in self.made["organisations"]}), "countries": ["eu", "eurohpc"],
                 "source": "examples/round", "offers": self.made["partitions"],
                 "reviewed": {"schedule": {"kind": "listed", "zone": "UTC", "cutoffs": [f"{one:%Y-%m-%d %H:%M}" for one in (self.cutoff, later)]},
                              "form": FORM,
                              "steps": [{"step": "administrative", "checklist": CHECKLIST}, {"step": "expert", "blind": True},
                                        {"step": "decision"}, {"step": "response", "within": {"unit": "days", "count": 10}}],
                              "ranking": {"criteria": [{"id": one, "min_milli": 0, "max_milli": 5000, "step_milli": 500, "weight": 1,
                                                        "threshold_milli": 2500} for one in CRITERIA],
                                          "quorum": 2, "tie_breaks": [{"kind": "earlier"}, {"kind": "lottery"}], "lottery_commitment": ""},
                              "guarantees": [{"id": "small firms", "group": "sme", "share_millionths": 350_000}],
                              "reviews_wanted": 3, "reviewer_load_max": 20}}
        world.call("applicant0", "POST", "/calls", draft, reason="role")
        made = world.call("officer", "POST", "/calls", draft)
        world.call("officer", "POST", f"/calls/{made['id']}/publish")
        self.call_id = made["id"]
        self.round_id = world.call("officer", "GET", f"/calls/{made['id']}")["round"]

    # Proposals

    def answers(self, number):
        one = self.made["proposals"][number]
        organisation = self.made["organisations"][one["organisation"]]
        given, _, family = one["applicant"]["name"].rpartition(" ")
        own = PLAIN | {
            "title": one["title"][:200], "abstract": (one["purpose"] + " ") * 3, "keywords": one["title"][:300], "pi_given_names": given,
            "pi_family_names": family, "pi_email": one["applicant"]["email"], "org_name": organisation["name"], "org_type": organisation["kind"],
            "org_country": organisation["country"], "partition": one["partition"], "resource_unit": one["unit"], "requested_amount": one["amount_units"],
            "milestones": [{"name": "Trained", "month": 1, "amount": one["amount_units"], "success": "It beats the baseline."}],
            "monthly_plan": [{"month": 1, "amount": one["amount_units"]}]}
        if number == 2:
            own["excluded_reviewers"] = [{"name": self.made["reviewers"][2]["person"]["name"], "reason": "A competitor."}]
        for section in self.form["sections"]:
            for field in section["fields"]:
                if field["key"] not in own and field.get("required") and not field.get("shown_when"):
                    own[field["key"]] = filled(field)
        return {key: value for key, value in own.items() if value is not None}

    def attach(self, who, number, proposal):
        for field in (field for section in self.form["sections"] for field in section["fields"] if field["type"] == "attachment"):
            answer = self.world.factory.send("PUT", f"/proposals/{proposal}/attachments/{field['key']}?name=plan.pdf", pdf(f"Plan {number}"),
                                             self.world.tokens[who], {"Content-Type": "application/pdf"})
            must(f"{field['key']}: {answer.status} {answer.text()[:500]}", answer.status in (200, 201))

    def send(self, number):
        world, one, who = self.world, self.made["proposals"][number], f"applicant{number}"
        project = world.call(who, "POST", "/projects", {"organisation": self.firms[one["organisation"]], "title": one["title"],
                                                        "summary": one["purpose"], "sector": "other"})["id"]
        answers = self.answers(number)
        tokens_an_hour = 25_000_000 if one["unit"] == "gpu_hour" else 200_000_000  # a plan that needs about what is asked for
        body = {"call": self.call_id, "partition": one["partition"], "amount_units": one["amount_units"],
                "duration_days": one["duration_days"], "purpose": one["purpose"], "civilian_purposes": "yes", "excluded_uses": "no",
                "personal_data": "no", "first_come_accepted": "unknown", "amount_reason": "Ablations and repeated runs.",
                "plan": {"parameters": 1_000_000_000, "tokens": one["amount_units"] * tokens_an_hour, "nodes": 2}, "form": answers,
                "fall_backs": one["fall_backs"], "confidential": one["confidential"]}
        if one["minimum_units"]:
            body["minimum_units"] = one["minimum_units"]
        proposal = world.call(who, "POST", f"/projects/{project}/proposals", body)["id"]
        self.attach(who, number, proposal)
        answer = world.call(who, "POST", f"/proposals/{proposal}/submit")
        must(f"sent and {answer['state']}: {answer['decision_reason']} {answer['checks']}", answer["state"] == "submitted")
        return who, project, proposal

    def send_all(self):
        world = self.world
        self.form = world.call(None, "GET", f"/forms/{FORM}")
        self.sent = all_at_once(self.send, range(len(self.made["proposals"])))
        must("the cut-off passed while proposals were sent: this machine is too slow for SETUP_S", now_utc() < self.cutoff)
        who, _, proposal = self.sent[3]
        world.call("applicant0", "POST", f"/proposals/{proposal}/recall", reason="role")
        world.call(who, "POST", f"/proposals/{proposal}/recall")
        world.call(who, "POST", f"/proposals/{proposal}/submit")
        world.call("officer", "POST", f"/rounds/{self.round_id}/ranking", reason="round_state")

    # Reviewers

    def invite(self):
        world = self.world

        def one_reviewer(number):
            one, who = self.made["reviewers"][number], f"reviewer{number}"
            world.call(who, "PUT", f"/reviewers/{self.persons[who]}", {"country": one["country"], "keywords": one["keywords"],
                       "languages": one["languages"], "affiliations": [{"name": name} for name in one["affiliations"]], "load_max": one["load_max"]})
            token = world.call("officer", "POST", f"/calls/{self.call_id}/invitations", {"person": self.persons[who]})["token"]
            if number == 0:
                world.call("reviewer1", "POST", "/invitations/answer", {"token": token, "accept": True}, reason="invitation_person")
            world.call(who, "POST", "/invitations/answer", {"token": token, "accept": True})

        all_at_once(one_reviewer, range(len(self.made["reviewers"])))

    def wait_for_cutoff(self):
        time.sleep(max(0, (self.cutoff - now_utc()).total_seconds()))
        last = self.sent[-1][2]
        self.world.until("the cut-off", lambda: self.world.call("officer", "GET", f"/proposals/{last}")["state"] == "evaluating")
        self.world.call(self.sent[0][0], "POST", f"/proposals/{self.sent[0][2]}/recall", reason="proposal_state")

    # Evaluation

    def administrative(self):
        world = self.world
        self.failed = {self.sent[number][2] for number in range(9, len(self.sent), 40)}
        first = self.sent[0][2]
        world.call("officer", "POST", f"/proposals/{first}/steps/administrative", {"pass": True, "reason": "In order."}, reason="checklist")

        def check(one):
            good = one[2] not in self.failed
            world.call("officer", "POST", f"/proposals/{one[2]}/steps/administrative", {
                "pass": good, "reason": "In order." if good else "The plan is that of another proposal.", "confirmed": CHECKLIST})

        all_at_once(check, self.sent)

    def read_list(self):
        """The round page by page, as an officer goes through it."""
        world, path, seen = self.world, f"/rounds/{self.round_id}/proposals", []
        world.call("applicant0", "GET", path, reason="role")
        query = "?limit=70"
        while query:
            answer = world.factory.send("GET", path + query, None, world.tokens["officer"])
            must(answer.text(), answer.status == 200)
            seen += answer.json()
            link = answer.header("Link")
            query = link[link.index("?"):link.index(">")] if link else None
        must("the list has other proposals than were sent", sorted(one["id"] for one in seen) == sorted(one[2] for one in self.sent))
        must("a step is missing in the list", {one.get("step") for one in seen if one["id"] not in self.failed} == {"expert"})
        must("filtered by another state", not world.call("officer", "GET", path + "?state=offered"))

    def assign(self):
        world, path = self.world, f"/rounds/{self.round_id}/assignment"
        assignment = world.call("officer", "POST", path)
        wanted = 3 * (len(self.sent) - len(self.failed))
        must(f"{len(assignment['pairs'])} of {wanted} reviews assigned: {json.dumps(assignment['report'])[:800]}",
             len(assignment["pairs"]) == wanted and not assignment["report"]["missing_reviews"])
        pairs = {(pair["proposal"], pair["reviewer"]) for pair in assignment["pairs"]}
        for number in (0, 1, 2):  # the two colleagues of an applicant, and whom an applicant excluded
            proposal, reviewer = self.sent[number][2], self.persons[f"reviewer{number}"]
            found = [one["kind"] for one in world.call("officer", "GET", f"/proposals/{proposal}/conflicts") if one["reviewer"] == reviewer]
            must(f"the conflict of proposal {number} and reviewer {number} was not found", found)
            must(f"reviewer {number} was given proposal {number} in spite of {found}", (proposal, reviewer) not in pairs)
        certificate = world.call("officer", "GET", f"{path}/certificate")
        file = self.world.factory.folder.parent / "certificate.json"
        file.write_text(json.dumps(certificate))
        world.factory.must_run("matching", "verify", file)
        certificate["proposals"][0]["assigned"].pop()
        file.write_text(json.dumps(certificate))
        status, _, _ = world.factory.run("matching", "verify", file)
        must("a certificate with a pair less verifies", status != 0)
        due = (now_utc() + datetime.timedelta(days=14)).strftime("%Y-%m-%dT%H:%M:%SZ")
        world.call("officer", "POST", f"{path}/send", {"due": due})

    def tasks(self):
        """(who, task) of everybody who was asked."""
        own = all_at_once(lambda number: [(f"reviewer{number}", task) for task in self.world.call(f"reviewer{number}", "GET", "/reviews/tasks")],
                          range(len(self.made["reviewers"])))
        return [one for tasks in own for one in tasks]

    def decline(self):
        world = self.world
        before = self.tasks()
        (decliner, task), (late, other) = before[0], next(one for one in before if one[0] != before[0][0])
        world.call(late, "POST", f"/reviews/tasks/{task['id']}/answer", {"accept": False, "reason": "Not mine."}, reason="assignment")
        world.call(decliner, "POST", f"/reviews/tasks/{task['id']}/answer", {"accept": False, "reason": "No time this week."})
        world.call(late, "POST", f"/reviews/tasks/{other['id']}/answer", {"accept": False, "reason": "", "conflict": "We wrote a grant together."})
        assignment = world.call("officer", "GET", f"/rounds/{self.round_id}/assignment")
        asked = collections.Counter(pair["proposal"] for pair in assignment["pairs"] if pair["state"] in ("sent", "accepted"))
        must(f"after a decline and a conflict not every proposal has three reviewers: {asked.most_common()[-3:]}",
             set(asked.values()) == {3} and len(asked) == len(self.sent) - len(self.failed))
        self.about = {pair["id"]: pair["proposal"] for pair in assignment["pairs"]}

    def review(self):
        world = self.world
        quality = {proposal: self.made["proposals"][number]["quality"] for number, (_, _, proposal) in enumerate(self.sent)}
        source = generator().Source(self.made["seed"] + 1)
        noise = {task: [source.share() - 0.5 for _ in CRITERIA] for task in sorted(self.about, key=lambda one: (self.about[one], one))}
        texts = {one: "Well argued, with the figures that are needed to judge it, and feasible in the time." for one in CRITERIA}
        work = [one for one in self.tasks() if one[1]["state"] == "sent"]
        who, task = work[0]
        world.call(who, "PUT", f"/reviews/tasks/{task['id']}/review", {"scores_milli": {"excellence": 4000}}, reason="assignment_state")

        def write(one):
            who, task = one
            path = f"/reviews/tasks/{task['id']}"
            world.call(who, "POST", f"{path}/answer", {"accept": True})
            scores = {criterion: 500 * max(0, min(10, round(10 * (0.35 + 0.65 * quality[self.about[task["id"]]]) + 3 * drawn)))
                      for criterion, drawn in zip(CRITERIA, noise[task["id"]])}
            world.call(who, "PUT", f"{path}/review", {"scores_milli": scores, "texts": texts})
            world.call(who, "POST", f"{path}/review/submit")

        all_at_once(write, work)
        world.call(who, "PUT", f"/reviews/tasks/{task['id']}/review", {"scores_milli": {"excellence": 4100}, "texts": texts}, reason="review_sent")
        self.world.call("officer", "POST", f"/rounds/{self.round_id}/close-expert", {"reason": "Every review is in."})

    # Decision

    def decide(self):
        world, path = self.world, f"/rounds/{self.round_id}"
        ranking = world.call("officer", "POST", f"{path}/ranking")
        must("a ranking shows its lottery's seed before publication", "input" not in ranking)
        world.call("applicant0", "POST", f"{path}/decision", reason="role")
        decision = world.call("officer", "POST", f"{path}/decision")
        self.decision = decision["version"]
        doubled = [{"partition": one["partition"], "units": 2 * one["capacity_units"]} for one in self.made["partitions"]]
        what_if = world.call("officer", "POST", f"{path}/what-if", {"capacity": doubled})
        must(f"twice the hours fund {what_if['funded_after']}, these {what_if['funded_before']}", what_if["funded_after"] > what_if["funded_before"])
        without = world.call("officer", "POST", f"{path}/what-if", {"guarantees": []})
        must("the share of small firms moves nobody", without["comparison"]["gains"] and without["comparison"]["loses"])
        again = world.call("officer", "GET", f"{path}/decision")
        must("asking what if changed the decision", again["version"] == decision["version"])
        states = {world.call(who, "GET", f"/proposals/{proposal}")["state"] for who, _, proposal in self.sent[:20]}
        must(f"seen before publication: {states}", states == {"evaluating"})

    def publish(self, factory):
        """Two officers press the button; the server is killed while letters go out, and goes on."""
        world, path = self.world, f"/rounds/{self.round_id}"
        world.call("officer", "POST", f"{path}/publish", {"decision": self.decision + 1}, reason="decision_changed")
        world.call("officer", "POST", f"{path}/publish", {"decision": self.decision})
        state = world.until("the first letter", lambda: (found := world.call("officer", "GET", f"{path}/publication"))["released"] and found)
        factory.kill()
        self.killed_in_the_middle = state["held"] > 0
        factory.start()
        world.until("publication", lambda: world.call("officer", "GET", f"{path}/publication")["state"] == "published")
        self.states = {one[2]: state for one, state in zip(self.sent, all_at_once(
            lambda one: world.call(one[0], "GET", f"/proposals/{one[2]}")["state"], self.sent))}
        counts = collections.Counter(self.states.values())
        must(f"published as {counts}", set(counts) == {"offered", "reserve", "rejected"} and not sum(
            self.states[one] != "rejected" for one in self.failed))
        letters = all_at_once(lambda one: len(world.call(one[0], "GET", f"/proposals/{one[2]}/letters")), self.sent)
        must(f"letters a proposal: {collections.Counter(letters)}", set(letters) == {1})
        world.call("applicant1", "GET", f"/proposals/{self.sent[0][2]}/letters", reason="role")

    def check_awards(self):
        """What the decision says against the capacity, the share of small firms and the order of the list."""
        decision = self.world.call("officer", "GET", f"/rounds/{self.round_id}/decision")
        given = collections.Counter()
        for one in decision["proposals"]:
            if one["outcome"] == "awarded":
                given[one["partition"]] += one["amount_units"]
        for one in self.made["partitions"]:
            room = one["capacity_units"]
            must(f"{given[one['partition']]} of {room} awarded on {one['partition']}", 0 < given[one["partition"]] <= room)
        shares = [one for one in decision["guarantees"] if one["group"] == "sme"]
        must(f"the share of small firms: {shares}", len(shares) == len(given) and all(one["held"] >= one["set_aside"] for one in shares))

    # Answers

    def answer(self):
        world = self.world
        offered = [one for one in self.sent if self.states[one[2]] == "offered"]
        refuser = max(offered, key=lambda one: self.amount(one))
        who, _, proposal = refuser
        world.call(who, "POST", f"/proposals/{proposal}/response", {"reply": "decline"}, reason="reason")
        reserve = [one for one in self.sent if self.states[one[2]] == "reserve"]
        world.call(who, "POST", f"/proposals/{proposal}/response", {"reply": "decline", "reason": "The money came elsewhere."})
        lifted = [one for one in reserve if world.call(one[0], "GET", f"/proposals/{one[2]}")["state"] == "offered"]
        must("hours came free and nobody of the reserve got them", lifted)
        takers = [one for one in offered if one != refuser] + lifted
        all_at_once(lambda one: world.call(one[0], "POST", f"/proposals/{one[2]}/response", {"reply": "accept"}), takers)
        for who, project, proposal in takers[:5] + lifted:
            awards = world.call(who, "GET", f"/projects/{project}/awards")
            must(f"awarded {awards}", len(awards) == 1 and awards[0]["balance_micro"] == awards[0]["amount_units"] * 1_000_000)
            steps = {one["step"] for one in world.call(who, "GET", f"/projects/{project}/journey") if one["done"]}
            must(f"the journey shows {steps}", {"apply", "check", "award"} <= steps)
        self.takers, self.refuser, self.lifted = takers, refuser, lifted

    def after_award(self):
        """Access works, the award's page, a request, the report as the ledger has it, what people were told."""
        world, (who, project, _) = self.world, self.takers[0]
        award = world.call(who, "GET", f"/projects/{project}/awards")[0]["id"]
        world.call("applicant5", "POST", f"/awards/{award}/access-works", reason="role")
        world.call(who, "POST", f"/awards/{award}/access-works")
        page = world.call(who, "GET", f"/awards/{award}")
        must(f"the clock of {page}", page["clock"] == "running")
        request = world.call(who, "POST", f"/awards/{award}/requests", {"kind": "give_back", "units": 1, "reason": "One hour less will do."})
        world.call(who, "POST", f"/award-requests/{request['id']}/grant", {"reason": "Mine."}, reason="role")
        report = world.call(who, "GET", f"/awards/{award}/report")
        must(f"the report has {report}", report["state"] == "draft")
        told = world.until("notices", lambda: [one for one in world.call(who, "GET", "/notices") if one["kind"] == "decision_made"])
        must(f"told of the decision {len(told)} times", len(told) == 1)

    def amount(self, one):
        return self.made["proposals"][self.sent.index(one)]["amount_units"]

    def appeal(self):
        world = self.world
        who, _, proposal = next(one for one in self.sent if self.states[one[2]] == "rejected" and one[2] not in self.failed)
        world.call(who, "POST", f"/proposals/{proposal}/appeals", {"grounds": "The threshold was not what was published."})
        appeals = world.call("officer", "GET", f"/proposals/{proposal}/appeals")
        world.call(who, "POST", f"/appeals/{appeals[0]['id']}/ruling", {"uphold": True, "reason": "I say so."}, reason="role")
        world.call("officer", "POST", f"/appeals/{appeals[0]['id']}/ruling", {"uphold": False, "reason": "It was: see the call."})

    # In public

    def public(self):
        world = self.world
        register = world.call(None, "GET", f"/calls/{self.call_id}/register")
        must(f"{len(register)} of {len(self.takers)} awards in the register", len(register) == len(self.takers))
        names = {one["name"] for one in self.made["organisations"]}
        hidden = [one for one in register if one.get("organisation") not in names]
        secret = sum(self.made["proposals"][self.sent.index(one)]["confidential"] for one in self.takers)
        must(f"{len(hidden)} of the register without organisation, {secret} are confidential", len(hidden) == secret)
        table = world.call(None, "GET", f"/calls/{self.call_id}/register.csv")
        must("the CSV has other rows than the JSON", len(table.splitlines()) == len(register) + 1)
        indicators = world.call(None, "GET", f"/calls/{self.call_id}/indicators")
        must(f"indicators: {indicators['applications']} applications, {indicators['awards']} awards",
             (indicators["applications"], indicators["awards"]) == (len(self.sent), len(self.takers)))
        recount = world.call("officer", "GET", f"/calls/{self.call_id}/recount")
        must(f"recounted from the statements: {recount}", not recount["differences"] and recount["awards"] == len(self.takers))
        ranking = world.call("officer", "GET", f"/rounds/{self.round_id}/ranking")
        must("the lottery's seed stays hidden after publication", "input" in ranking)


WANTED = {"call.published", "proposal.attached", "proposal.submitted", "proposal.recalled", "reviewer.invited", "reviewer.invitation_answered", "round.cut_off",
          "proposal.evaluation_begun", "proposal.step_decided", "conflict.found", "conflict.declared", "assignment.solved", "assignment.sent",
          "assignment.answered", "review.submitted", "expert.closed", "lottery.committed", "ranking.made", "decision.drafted", "round.publishing",
          "proposal.decided", "round.published", "proposal.answered", "round.reserve_served", "award.decided", "award.clock_started", "award_request.made", "appeal.filed", "appeal.ruled"}


def check_journal(factory, postgres, sent):
    query = "SELECT kind, COUNT(*) FROM journal_statements GROUP BY kind"
    rows = [line.split("|") for line in postgres.sql("round", query).splitlines()] if postgres else factory.sqlite(query)
    kinds = {kind: int(count) for kind, count in rows}
    must(f"not in the journal: {sorted(WANTED - set(kinds))}", WANTED <= set(kinds))
    must(f"{kinds['proposal.decided']} of {len(sent)} proposals were told once", kinds["proposal.decided"] - kinds.get("round.reserve_served", 0) >= len(sent))


def play(factory, postgres, made):
    world = World(factory)
    admin = factory.create_admin()
    factory.start()
    round_ = Round(world, made)
    began = time.monotonic()

    def act(name, *words):
        getattr(round_, name)(*words)
        print(f"{time.monotonic() - began:6.1f} s  {name.replace('_', ' ')}", flush=True)

    act("people", factory, admin)
    act("publish_call")
    act("send_all")
    act("invite")
    act("wait_for_cutoff")
    for name in ("administrative", "read_list", "assign", "decline", "review", "decide"):
        act(name)
    act("publish", factory)
    for name in ("check_awards", "answer", "after_award", "appeal", "public"):
        act(name)
    status = factory.stop()
    must(f"the server ended with {status}", status == 0)
    check_journal(factory, postgres, round_.sent)
    for words in (("doctor",), ("log", "verify")):
        factory.must_run(*words)
    counts = collections.Counter(round_.states.values())
    middle = "killed in the middle of publishing" if round_.killed_in_the_middle else "killed after the last letter"
    return f"{len(round_.sent)} proposals: {dict(counts)}, {middle}, {len(round_.takers)} awards, {len(round_.lifted)} from the reserve"


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build")
    arguments.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    arguments.add_argument("--proposals", type=int, default=200)
    arguments.add_argument("--reviewers", type=int, default=60)
    given = arguments.parse_args()
    postgres = harness.Postgres() if given.database == "postgres" else None
    try:
        with harness.Scratch("round") as scratch:
            settings = f'[database]\nurl = "{postgres.make("round")}"\n' if postgres else ""
            factory = harness.Factory(harness.build_folder(given.build), scratch / "data", settings)
            try:
                said = play(factory, postgres, generator().make(proposals=given.proposals, reviewers=given.reviewers))
            finally:
                factory.kill()
    finally:
        if postgres:
            postgres.stop()
    print(f"round {given.database}: {said}; the ledger adds up, the figures recount equal")


try:
    main()
except harness.Failure as error:
    sys.exit(f"round: {error}")
