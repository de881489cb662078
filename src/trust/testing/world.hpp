#pragma once

// The service with the other modules as they are; the driver of the jobs and the witness are played.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>

#include "compute/testing/world.hpp"
#include "dataspace/blob_files.hpp"
#include "db/testing/dbtest.hpp"
#include "evaluation/service.hpp"
#include "models/blob_bytes.hpp"
#include "models/compute_jobs.hpp"
#include "trust/service.hpp"

namespace fabrica::trust {

using identity::Actor;

inline constexpr double kGeneralPurposeFlop = 7.2e23;
inline constexpr std::int64_t kDocumentsOfADossier = 5;
inline constexpr std::int64_t kFilesOfADossier = 2 * kDocumentsOfADossier + 1;
inline constexpr std::string_view kLogName = "factory.example/log";

// A witness in memory, which can be cut off.
class NearWitness final : public journal::WitnessClient {
 public:
  class Store final : public tlog::WitnessStore {
   public:
    Result<std::optional<tlog::WitnessedHead>> head(std::string const&) override { return head_; }
    Result<bool> swap(std::string const&, std::uint64_t expected, tlog::WitnessedHead const& next) override {
      if ((head_ ? head_->size : 0) != expected) return false;
      head_ = next;
      return true;
    }
    Result<> keep_evidence(std::string const&, std::string_view) override { return {}; }
    std::optional<tlog::WitnessedHead> head_;
  };

  Result<tlog::WitnessAnswer> add_checkpoint(journal::WitnessPeer const&, std::string const& body) override {
    if (cut) return fail(Errc::unavailable, "witness", "The witness does not answer.");
    return witness->add_checkpoint(body);
  }

  Store store;
  std::unique_ptr<tlog::Witness> witness;
  bool cut = false;
};

class DataOf final : public evaluation::DataReferences {
 public:
  explicit DataOf(dataspace::Dataspace& dataspace) : dataspace_{dataspace} {}
  Result<evaluation::Data> resolve(db::Tx& tx, PublicId const& project, std::string_view reference) override {
    FABRICA_TRY(auto const input, dataspace_.resolve_input(tx, project, reference));
    return evaluation::Data{input.tree_sha256, {}};
  }

 private:
  dataspace::Dataspace& dataspace_;
};

// What a provider in the Union answers: nothing special, no duty follows.
inline std::map<std::string, AnswerDraft> minimal_answers() {
  std::map<std::string, AnswerDraft> answers;
  for (auto const* question : {"S1", "S2", "R1", "system", "model"})
    answers[question] = {Answer::yes, "stated by the test", {}};
  for (auto const* question : {"S3",
                               "S4",
                               "S5",
                               "S6",
                               "R2",
                               "R",
                               "P",
                               "A",
                               "H1",
                               "T1",
                               "T2",
                               "T3",
                               "T4",
                               "T5",
                               "D",
                               "G4",
                               "G5.modifies",
                               "generality",
                               "G1.generative",
                               "G9.expected",
                               "G10",
                               "S7.licence",
                               "G8.licence",
                               "G8.public"})
    answers[question] = {Answer::no, "stated by the test", {}};
  return answers;
}

// A released model that writes text and is general: with enough computing it is of general purpose.
inline std::map<std::string, AnswerDraft> general_answers() {
  auto answers = minimal_answers();
  answers["system"].answer = Answer::no;
  for (auto const* question : {"generality", "G1.generative"}) answers[question].answer = Answer::yes;
  return answers;
}

inline std::string training_record(std::optional<double> flop) {
  std::string const counted = flop ? fmt::format(R"("flop":{{"value":{},"method":"counted"}},)", *flop) : "";
  return "{" + counted +
         R"("parameters":{"steps":10},"tokens_seen":1000,"final":{"loss":2.5},"model_parameters":1234567})";
}

struct World {
  explicit World(db::Database& on) : jobs{on} {
    auto witness_key = tlog::SignerKey::generate("witness.example", tlog::KeyType::cosignature_ed25519, jobs.random);
    witness_vkey = witness_key->verifier().text();
    auto log_key = tlog::SignerKey::generate(std::string{kLogName}, tlog::KeyType::ed25519, jobs.random);
    auto const log_vkey = log_key->verifier();
    near.witness = *tlog::Witness::make(*std::move(witness_key), {log_vkey}, near.store, jobs.clock, jobs.log);
    std::filesystem::path const folder{jobs.folder.path()};
    auto opened = journal::Sequencer::open(
        on, *std::move(log_key), {folder / "log", folder / "guard", {{near.witness->key(), "http://witness"}}, 1}, near,
        jobs.clock, jobs.log);
    EXPECT_TRUE(opened) << db::why(opened);
    sequencer = *std::move(opened);
    policy = *tlog::Policy::parse(fmt::format("log {}\nwitness w {}\nquorum w\n", log_vkey.text(), witness_vkey));
    trust = std::make_unique<Trust>(parts(on, jobs.blobs));
  }

  Parts parts(db::Database& database, blobs::Service& blobs) {
    return {database,
            jobs.clock,
            jobs.random,
            jobs.log,
            jobs.journal,
            *sequencer,
            jobs.identity,
            jobs.projects,
            calls,
            dataspace,
            jobs.compute,
            models,
            bytes,
            evaluations,
            facts,
            blobs,
            {"Test factory", std::string{kLogName}, "CZ"}};
  }

  template <class F>
  auto write(F&& use_case) {
    return jobs.database.write(std::forward<F>(use_case));
  }
  PublicId const& project() const { return jobs.project; }
  PublicId new_id() { return PublicId::make(jobs.clock.now(), jobs.random); }

  // A completed job with these outputs.
  compute::Job job(PublicId const& of, std::map<std::string, std::string> outputs,
                   compute::Purpose purpose = compute::Purpose::train, std::vector<compute::InputDraft> inputs = {}) {
    auto draft = compute::World::draft();
    draft.purpose = purpose;
    draft.inputs = std::move(inputs);
    auto const made = write([&](db::Tx& tx) { return jobs.compute.submit(tx, jobs.admin, of, draft); });
    EXPECT_TRUE(made) << db::why(made);
    jobs.settle();
    jobs.clock.advance(30 * kMinute);
    jobs.driver.runs[made->id.text()].outputs = std::move(outputs);
    jobs.driver.end(made->id.text(), compute::EndReason::completed);
    jobs.settle();
    return *jobs.database.read([&](db::Tx& tx) { return jobs.compute.find(tx, made->id); });
  }
  static std::map<std::string, std::string> trained(std::optional<double> flop) {
    return {{"model/model.safetensors", "weights"},
            {"model/config.json", R"({"architectures":["LlamaForCausalLM"],"model_type":"llama","num_hidden_layers":2,
              "hidden_size":8,"num_attention_heads":2,"vocab_size":300,"max_position_embeddings":64})"},
            {"training.json", training_record(flop)}};
  }
  models::Model model(PublicId const& of, PublicId const& job, std::string version = "1") {
    auto const made = write([&](db::Tx& tx) {
      return models.register_model(tx, jobs.admin, of,
                                   {"little", std::move(version), job, "Apache-2.0", "A little model", {}, "model"});
    });
    EXPECT_TRUE(made) << db::why(made);
    return *made;
  }
  // A project of this project's organisation.
  PublicId another_project() {
    auto const made = write([&](db::Tx& tx) -> Result<projects::Project> {
      FABRICA_TRY(auto const first, jobs.projects.get(tx, jobs.admin, project()));
      return jobs.projects.create(tx, jobs.admin, {first.organisation, "Another", "A project", "other"});
    });
    EXPECT_TRUE(made) << db::why(made);
    return made->id;
  }

  // Jobs may name the reference as an input from now on.
  template <class Files>
  void make_known(std::string const& reference, std::string const& tree_sha256, Files const& list) {
    auto& known = jobs.data.references[reference];
    known.tree_sha256 = tree_sha256;
    for (auto const& one : list) known.files.push_back({one.path, one.sha256, one.size_bytes});
  }
  // A data set of help pages in the project, split; the reference of what was held out.
  std::string held_out_data() {
    std::string text;
    for (int at = 0; at < 60; ++at) text += fmt::format("{{\"id\": \"page {}\", \"text\": \"Help {}\"}}\n", at, at);
    auto const split = [&]() -> Result<dataspace::Split> {
      FABRICA_TRY(auto const file, files.write([&](dataspace::ProjectFiles::Sink const& sink) { return sink(text); }));
      FABRICA_DO(write([&](db::Tx& tx) { return files.belongs(tx, project(), file); }));
      dataspace::DatasetDraft draft;
      draft.name = "help-pages";
      draft.description = "Help pages";
      draft.licence = "MPL-2.0";
      draft.languages = {"en"};
      draft.personal_data = dataspace::PersonalData::no;
      draft.personal_data_reason = "Documentation";
      draft.tdm_check = "Free licence";
      draft.files.push_back({"en.jsonl", file.sha256, file.size_bytes});
      FABRICA_TRY(auto const made, write([&](db::Tx& tx) -> Result<dataspace::Split> {
                    FABRICA_TRY(auto const data, dataspace.register_dataset(tx, jobs.member, project(), draft));
                    return dataspace.create_split(tx, jobs.member, data.id, {800'000, 0, 200'000});
                  }));
      FABRICA_DO(dataspace.materialise_next(jobs.database));
      return made;
    }();
    EXPECT_TRUE(split) << db::why(split);
    auto const reference = "split:" + split->id.text() + "/held_out";
    auto const input =
        jobs.database.read([&](db::Tx& tx) { return dataspace.resolve_input(tx, project(), reference); });
    EXPECT_TRUE(input) << db::why(input);
    make_known(reference, input->tree_sha256, input->files);
    return reference;
  }

  // An evaluation by which bits_per_byte must be below 2, and what a job then found of a model.
  evaluation::Evaluation plan(std::string const& data) {
    evaluation::PlannedMetric metric{.name = "bits_per_byte"};
    metric.direction = evaluation::Direction::lower_is_better;
    metric.threshold = 2.0;
    auto const made = write([&](db::Tx& tx) {
      return evaluations.preregister(tx, jobs.member, project(),
                                     {"suite", "1", {data}, {metric}, {}, {}, "It must learn."});
    });
    EXPECT_TRUE(made) << db::why(made);
    return *made;
  }
  void evaluate(evaluation::Evaluation const& planned, models::Model const& of, std::string const& data, double found) {
    auto const reference = "model:" + of.id.text();
    make_known(reference, of.tree_sha256, of.files);
    auto const results = fmt::format(
        R"({{"suite":"suite","version":1,"metrics":[{{"name":"bits_per_byte","slice":"all","value":{}}}]}})", found);
    auto const by = job(project(), {{"results.json", results}}, compute::Purpose::evaluate,
                        {{.name = "data", .reference = data}, {.name = "model", .reference = reference}});
    auto const recorded =
        write([&](db::Tx& tx) { return evaluations.record(tx, jobs.member, planned.id, {of.id, by.id}); });
    EXPECT_TRUE(recorded) << db::why(recorded);
  }
  // A file of the last dossier that was issued.
  std::string document(std::string const& path) {
    static constexpr db::Query kDocument{"test_document", R"sql(
      SELECT content FROM dossier_files WHERE path = $1 AND dossier_id = (SELECT max(id) FROM dossiers))sql"};
    return *jobs.database.read([&](db::Tx& tx) { return tx.one<std::string>(kDocument, path); });
  }

  Result<StoredAssessment> try_assess(PublicId const& of, AssessmentDraft const& draft, Actor const& who) {
    return write([&](db::Tx& tx) { return trust->assess(tx, who, of, draft); });
  }
  StoredAssessment assess(PublicId const& of, std::map<std::string, AnswerDraft> answers = minimal_answers()) {
    auto made = try_assess(of, {"Writing help texts", std::move(answers)}, jobs.admin);
    EXPECT_TRUE(made) << db::why(made);
    return *made;
  }
  Result<StoredDeclaration> declare(std::map<std::string, std::string> texts, Actor const& who) {
    return write([&](db::Tx& tx) { return trust->declare(tx, who, project(), {std::move(texts)}); });
  }
  Result<Dossier> try_issue(PublicId const& of, DossierDraft const& draft, Actor const& who) {
    return write([&](db::Tx& tx) { return trust->issue(tx, who, of, draft); });
  }
  Dossier issue(PublicId const& of, PublicId const& model) {
    auto made = try_issue(of, {model}, jobs.admin);
    EXPECT_TRUE(made) << db::why(made);
    return *made;
  }
  // A project with a trained model and an assessment by which nothing is due: a dossier can be issued.
  PublicId ready_for_a_dossier(PublicId const& of) {
    auto const made = model(of, job(of, trained(1e18)).id);
    assess(of);
    return made.id;
  }
  Dossier look(PublicId const& id) {
    auto found = jobs.database.read([&](db::Tx& tx) { return trust->dossier(tx, jobs.member, id); });
    EXPECT_TRUE(found) << db::why(found);
    return *found;
  }
  DossierState state_of(PublicId const& id) {
    return jobs.database.read([&](db::Tx& tx) { return trust->dossier(tx, jobs.admin, id); })->state;
  }
  void publish() {
    for (int round = 0; round < 20; ++round) {
      auto const more = sequencer->run_once();
      ASSERT_TRUE(more) << db::why(more);
      if (!*more) return;
    }
    FAIL() << "the log never comes to rest";
  }
  std::int64_t build() {
    auto const built = trust->build_waiting();
    EXPECT_TRUE(built) << db::why(built);
    return built.value_or(-1);
  }
  VerificationReport verified(Dossier const& dossier) {
    auto const zip = bytes.content(dossier.sha256.value_or(""), kDossierBytesMax);
    EXPECT_TRUE(zip) << db::why(zip);
    return verify_dossier(zip.value_or(""), policy);
  }
  std::vector<journal::Kept> chain(PublicId const& of) {
    return *jobs.database.read([&](db::Tx& tx) { return jobs.journal.chain(tx, of.text(), 1, 1000); });
  }
  std::int64_t said(std::string_view kind) { return std::ranges::count(chain(project()), kind, &journal::Kept::kind); }
  std::int64_t rows(std::string_view table) {
    auto const sql = fmt::format("SELECT count(*) FROM {}", table);
    auto const name = fmt::format("count_{}", table);
    db::Query const count{name, sql};
    return *jobs.database.read([&](db::Tx& tx) { return tx.one<std::int64_t>(count); });
  }

  compute::World jobs;
  facts::Store facts{facts::Shipped::embedded(), jobs.clock, jobs.random};
  calls::Calls calls{jobs.clock, jobs.random, jobs.journal, jobs.identity, jobs.projects, jobs.budget, facts};
  dataspace::BlobFiles files{jobs.blobs, jobs.clock};
  dataspace::Dataspace dataspace{jobs.clock, jobs.random, jobs.log, jobs.journal, jobs.projects, files};
  models::ComputeJobs records{jobs.compute};
  models::BlobBytes bytes{jobs.blobs, jobs.store};
  evaluation::RecordedGates gates;
  models::Models models{jobs.clock, jobs.random, jobs.journal, jobs.projects, records, bytes, gates};
  DataOf evaluation_data{dataspace};
  evaluation::Evaluations evaluations{jobs.clock, jobs.random, jobs.journal, jobs.projects,
                                      models,     records,     bytes,        evaluation_data};
  NearWitness near;
  std::string witness_vkey;
  std::unique_ptr<journal::Sequencer> sequencer;
  tlog::Policy policy;
  std::unique_ptr<Trust> trust;
};

}  // namespace fabrica::trust
