#pragma once

#include <string>

#include "base/time.hpp"
#include "trust/document.hpp"

namespace fabrica::trust::synthetic {

inline std::string digest_of(char digit) { return std::string(64, digit); }
inline Time at(std::string_view text) { return {parse_time(text).value()}; }

inline Assessment voluntary_assessment() {
  AssessmentInput in;
  in.date = "2026-11-23";
  in.intended_purpose = "Shows how documents are made.";
  for (auto const& [question, answer] : {std::pair{"S1", Answer::yes},
                                         {"S2", Answer::yes},
                                         {"S3", Answer::no},
                                         {"S4", Answer::no},
                                         {"S5", Answer::yes},
                                         {"system", Answer::no},
                                         {"model", Answer::yes},
                                         {"R1", Answer::yes},
                                         {"R", Answer::no},
                                         {"G5.modifies", Answer::no},
                                         {"G1.generative", Answer::yes},
                                         {"generality", Answer::no},
                                         {"D", Answer::no}})
    in.answers.push_back({question, answer, "synthetic", {}});
  in.training = {1e15, 2e15, "6PD"};
  return assess(in, shipped_rules().value(), shipped_duties().value()).value();
}

inline JobEvidence training_job() {
  JobEvidence job;
  job.public_id = "019f0000-0000-7000-8000-000000000002";
  job.name = "train";
  job.purpose = JobPurpose::train;
  job.state = "done";
  job.program = "recipes/gpt";
  job.program_sha256 = digest_of('a');
  job.hardware = "2 cores";
  job.started = at("2026-11-23T10:00:00Z");
  job.ended = at("2026-11-23T10:05:00Z");
  job.devices = 2;
  job.device_kind = "core";
  job.energy_j = 36'000;
  job.energy_method = EnergyMethod::estimated;
  job.energy_boundary = "node";
  job.energy_note = "cores x 60 W";
  job.carbon_g = 1.5;
  job.carbon_note = "150 gCO2e/kWh, example table of 2025";
  job.flop = 3.12e13;
  job.flop_method = "6PD";
  job.statements = {7, 9};
  return job;
}

inline DataSetEvidence help_texts() {
  DataSetEvidence set;
  set.public_id = "019f0000-0000-7000-8000-000000000003";
  set.name = "help";
  set.version = "1";
  set.description = "Help pages.";
  set.licence = "MPL-2.0";
  set.source_kind = SourceKind::public_dataset;
  set.modality = "text";
  set.content_types = {"software documentation"};
  set.languages = {"de", "fi"};
  set.acquired = "11/2026";
  set.obtained = "From packages.";
  set.selected = "Duplicates removed.";
  set.tdm_check = "Free licence.";
  set.size_bytes = 4'200'000;
  set.data_points = 1'000'000;
  set.data_unit = "tokens";
  set.sha256 = digest_of('b');
  set.statements = {4};
  return set;
}

// A project that never was.
inline Evidence evidence() {
  Evidence e;
  e.made = at("2026-11-23T12:00:00Z");
  e.factory = {"Factory <Example> & Co", "factory.example/log", "FI"};
  e.organisation = {"Example \"SME\" Ltd", "LV", "sme", "contact@sme.example", {1}};
  e.project = {"019f0000-0000-7000-8000-000000000001", "A small model", "Learns help texts.", "language", true, {1}};
  e.plan = PlanEvidence{"pre-train", 1'300'000, 4'000'000, 3.1e13, 0.01, {2}};
  e.awards = {
      {"First call", "Example system", "cpu", "core-hour", 2'000'000, 500'000, "2026-11-01", "2027-11-01", {3}}};
  auto const job = training_job();
  e.jobs = {job};
  e.data_sets = {help_texts()};
  e.split = SplitEvidence{"by page", "42", 900, 100, digest_of('c'), {5}};
  e.runs = {
      {"019f0000-0000-7000-8000-000000000004", job.public_id, 400, 4'000'000, 2.5, {{"learning_rate", "0.003"}}, {8}}};
  e.evaluations = {{"019f0000-0000-7000-8000-000000000005",
                    "held-out",
                    {6},
                    {{"bits_per_byte", "all", 2.01, "bits/byte", 1.99, 2.03, 2.5, true, 100}},
                    {11}}};
  e.model = ModelEvidence{"019f0000-0000-7000-8000-000000000006",
                          "small-model",
                          "1",
                          "Llama layout, 4 layers",
                          1'300'000,
                          256,
                          "text, UTF-8",
                          "text, UTF-8",
                          "MPL-2.0",
                          "",
                          {{"model.safetensors", digest_of('d'), 5'200'000}},
                          {10}};
  e.assessment = voluntary_assessment();
  e.assessment_signer = "the project's lead";
  e.assessment_statements = {12};
  e.declared = {{"intended_purpose", "Shows <script>alert(1)</script> \"documents\" & 'marks'.", "lead", 12},
                {"acceptable_use", "Anything lawful.", "lead", 12},
                {"acceptable_use", "Demonstration only.", "lead", 13}};
  return e;
}

}  // namespace fabrica::trust::synthetic
