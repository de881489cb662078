#pragma once

#include "calls/service.hpp"

namespace fabrica::calls {

// A running call of another system, as docs/reference/call-import.md describes it. Ids are those of that system.
inline constexpr std::string_view kImportFormat = "fabrica-call-import/1";

struct ImportedOrganisation {
  std::string id;
  std::string name;
  std::string country;
  identity::OrganisationKind kind{};
  std::optional<std::int64_t> employees;
  std::optional<std::int64_t> turnover_eur_cents;
  std::optional<std::int64_t> balance_eur_cents;

  static constexpr auto limits() {
    using T = ImportedOrganisation;
    return std::tuple{json::length(&T::id, 1, 200), json::length(&T::name, 1, 200), json::length(&T::country, 2, 2)};
  }
};
BOOST_DESCRIBE_STRUCT(ImportedOrganisation, (),
                      (id, name, country, kind, employees, turnover_eur_cents, balance_eur_cents))

struct ImportedPerson {
  std::string email;
  std::string name;
  std::optional<std::string> organisation;

  static constexpr auto limits() {
    using T = ImportedPerson;
    return std::tuple{json::length(&T::email, 3, 254), json::length(&T::name, 1, 200),
                      json::length(&T::organisation, 1, 200)};
  }
};
BOOST_DESCRIBE_STRUCT(ImportedPerson, (), (email, name, organisation))

struct ImportedRound {
  std::string id;
  std::string name;  // its cut-off as it was announced
  Time opens;
  std::optional<Time> closes;  // the cut-off; absent in a first-come call until further notice
  RoundState state{};          // intake, evaluating or published
  std::vector<OfferDraft> offers;

  static constexpr auto limits() {
    using T = ImportedRound;
    return std::tuple{json::length(&T::id, 1, 200), json::length(&T::name, 1, 100), json::items(&T::offers, 1, 100)};
  }
};
BOOST_DESCRIBE_STRUCT(ImportedRound, (), (id, name, opens, closes, state, offers))

struct ImportedDecision {
  Time decided;
  std::string reason;
  std::optional<std::string> partition;  // of an award; absent: the one asked for
  std::optional<std::int64_t> amount_units;
  std::optional<std::int64_t> used_units;  // so far, in the other system
  std::optional<Time> starts;
  std::optional<Time> ends;

  static constexpr auto limits() {
    using T = ImportedDecision;
    return std::tuple{json::length(&T::reason, 1, 8000), json::length(&T::partition, 1, 100),
                      json::range(&T::amount_units, 1, 1'000'000'000), json::range(&T::used_units, 0, 1'000'000'000)};
  }
};
BOOST_DESCRIBE_STRUCT(ImportedDecision, (), (decided, reason, partition, amount_units, used_units, starts, ends))

struct ImportedProposal {
  std::string id;
  std::string round;
  std::string organisation;
  std::optional<std::string> project;  // proposals of one project say the same; absent: a project of its own
  std::string title;                   // of the project
  std::string summary;
  std::string sector = "other";
  std::string lead;                  // e-mail
  std::vector<std::string> members;  // e-mails
  std::string partition;
  std::int64_t amount_units = 0;
  std::int64_t duration_days = 0;
  std::string purpose;
  Answer civilian_purposes = Answer::unknown;
  Answer excluded_uses = Answer::unknown;
  Answer personal_data = Answer::unknown;
  Answer first_come_accepted = Answer::unknown;
  std::optional<json::Raw> plan;
  std::optional<json::Raw> form;
  std::optional<std::int64_t> minimum_units;
  std::optional<bool> confidential;
  std::optional<Time> submitted;
  ProposalState state{};
  std::optional<StepKind> step;            // evaluating: the step that is being done; absent: the first
  std::optional<std::string> step_failed;  // evaluating: why that step failed, where it did
  std::optional<ImportedDecision> decision;

  static constexpr std::array<std::string_view, 7> kMayBeAbsent{
      "summary", "sector", "members", "civilian_purposes", "excluded_uses", "personal_data", "first_come_accepted"};
  static constexpr auto limits() {
    using T = ImportedProposal;
    return std::tuple{json::length(&T::id, 1, 200),
                      json::length(&T::title, 1, 200),
                      json::length(&T::summary, 0, 4000),
                      json::items(&T::members, 0, 200),
                      json::length(&T::partition, 1, 100),
                      json::range(&T::amount_units, 1, 1'000'000'000),
                      json::range(&T::duration_days, 1, 3650),
                      json::length(&T::purpose, 1, 8000),
                      json::range(&T::minimum_units, 1, 1'000'000'000),
                      json::length(&T::step_failed, 1, 8000)};
  }
};
BOOST_DESCRIBE_STRUCT(ImportedProposal, (),
                      (id, round, organisation, project, title, summary, sector, lead, members, partition, amount_units,
                       duration_days, purpose, civilian_purposes, excluded_uses, personal_data, first_come_accepted,
                       plan, form, minimum_units, confidential, submitted, state, step, step_failed, decision))

struct ImportedCall {
  std::string id;
  CallState state{};  // published or closed
  CallDraft rules;

  static constexpr auto limits() { return std::tuple{json::length(&ImportedCall::id, 1, 200)}; }
};
BOOST_DESCRIBE_STRUCT(ImportedCall, (), (id, state, rules))

struct ImportDocument {
  std::string format;
  std::string source_system;
  ImportedCall call;
  std::vector<ImportedOrganisation> organisations;
  std::vector<ImportedPerson> people;
  std::vector<ImportedRound> rounds;
  std::vector<ImportedProposal> proposals;

  static constexpr std::array<std::string_view, 3> kMayBeAbsent{"organisations", "people", "proposals"};
  static constexpr auto limits() {
    using T = ImportDocument;
    return std::tuple{json::length(&T::source_system, 1, 100), json::items(&T::organisations, 0, 5000),
                      json::items(&T::people, 0, 20'000), json::items(&T::rounds, 1, 500),
                      json::items(&T::proposals, 0, 5000)};
  }
};
BOOST_DESCRIBE_STRUCT(ImportDocument, (), (format, source_system, call, organisations, people, rounds, proposals))

// A document that was read and makes sense in itself.
struct ImportFile {
  ImportDocument document;
  std::vector<std::string> origins;  // of each proposal: "/proposals/3", or "/proposals_csv/12" by its line
  std::string sha256;                // of what was given, document and CSV
};

// The document, with the proposals of a CSV file (RFC 4180) behind its own. Every fault of both at once, at its JSON
// pointer, or at /proposals_csv/<line>/<column>. Errors: too_large "import_too_large", invalid "import".
Result<ImportFile> read_import(std::string_view document, std::string_view proposals_csv);

struct ImportCounts {
  std::int64_t organisations = 0;
  std::int64_t people = 0;
  std::int64_t projects = 0;
  std::int64_t rounds = 0;
  std::int64_t proposals = 0;
  std::int64_t awards = 0;
};
BOOST_DESCRIBE_STRUCT(ImportCounts, (), (organisations, people, projects, rounds, proposals, awards))

struct ImportReport {
  PublicId call;
  bool dry_run = false;  // nothing of it was kept
  ImportCounts created;
  std::int64_t known = 0;            // proposals that were here already
  std::vector<std::string> differs;  // of those, the ids of which the file says something else now: left as they are
  std::vector<std::string> warnings;
  std::string file_sha256;
};
BOOST_DESCRIBE_STRUCT(ImportReport, (), (call, dry_run, created, known, differs, warnings, file_sha256))

// Takes over a running call: rules, rounds with their real cut-offs, applicants, proposals where they stand, awards
// with what is left of them. All of it or nothing. Again: what has come from there once does not come twice; new
// proposals of the same call do. From then on the call is one of ours.
class Importer {
 public:
  Importer(Clock const& clock, Random& random, journal::Journal& journal, identity::Identity& identity,
           projects::Projects& projects, budget::Budget& budget, Calls& calls)
      : clock_{clock},
        random_{random},
        journal_{journal},
        identity_{identity},
        projects_{projects},
        budget_{budget},
        calls_{calls} {}

  // Needs manage_calls, and manage_people where an organisation or a person is new. Statements: call.imported (factory,
  // with the digest of the file), proposal.imported, award.imported (project). Errors: invalid "import" with every
  // fault.
  Result<ImportReport> import(db::Tx& tx, identity::Actor const& actor, ImportFile const& file);

 private:
  struct Work;
  Result<> check_against_here(Work& work);
  Result<> take_call(Work& work);
  Result<> take_rounds(Work& work);
  Result<> take_round(Work& work, std::size_t place);
  Result<PublicId> organisation_of(Work& work, std::string const& id);
  Result<identity::Actor> person_of(Work& work, std::string const& email, std::string const& organisation);
  Result<PublicId> project_of(Work& work, ImportedProposal const& proposal);
  Result<> take_proposal(Work& work, std::size_t place);
  Result<> take_steps(Work& work, ImportedProposal const& from, std::int64_t proposal);
  Result<> take_award(Work& work, ImportedProposal const& from, PublicId const& proposal, std::int64_t row,
                      PublicId const& project);
  Result<std::int64_t> import_row(Work& work);
  Result<> note(Work& work, std::string_view kind, std::string_view foreign_id, std::string_view thing,
                std::string_view digest);

  Clock const& clock_;
  Random& random_;
  journal::Journal& journal_;
  identity::Identity& identity_;
  projects::Projects& projects_;
  budget::Budget& budget_;
  Calls& calls_;
};

}  // namespace fabrica::calls
