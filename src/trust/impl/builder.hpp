#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "trust/document.hpp"

namespace fabrica::trust {

// Whether the template asks for a field, or it only helps the reader.
enum class Need : std::uint8_t { asked, extra };

struct Item {
  std::string key;
  std::string title;
  std::string citation;
  Need need = Need::asked;
};

struct Amount {
  double value = 0;
  std::string unit;
};

// Writes fields into a document and keeps its promise: no statement, no value.
class Builder {
 public:
  Builder(DocumentKind kind, Evidence const& evidence, bool draft);

  void section(std::string key, std::string title);
  void recorded(Item item, std::string text, StatementNumbers const& statements, std::optional<Amount> amount = {});
  void measured(Item item, std::string text, StatementNumbers const& statements, std::optional<Amount> amount = {});
  // The project's own answer under this key of declared_keys().
  void declared(Item item, std::string_view key);
  // From the records where they have it, else declared.
  void recorded_or_declared(Item item, std::string text, StatementNumbers const& statements, std::string_view key);
  void notice(std::string text) { out_.notices.push_back(std::move(text)); }

  Evidence const& evidence() const { return evidence_; }
  Document finish();

 private:
  void add(Item item, Origin origin, std::string text, StatementNumbers const& statements,
           std::optional<Amount> amount);
  Declaration const* declaration(std::string_view key) const;

  Evidence const& evidence_;
  Document out_;
};

// "1.9e18", "12,345,678", "3.4 MB", "4 h 02 min": for people, at least two significant figures.
std::string scientific(double value);
std::string grouped(std::int64_t value);
std::string byte_size(std::int64_t bytes);
std::string joined(std::vector<std::string> const& items);
StatementNumbers merged(StatementNumbers a, StatementNumbers const& b);

// What the jobs of a project amount to. Absent where a job's figure is, so that a sum never hides a hole.
struct Totals {
  std::int64_t jobs = 0;
  std::optional<double> flop;
  std::string flop_method;
  std::optional<std::int64_t> energy_j;
  bool energy_measured = false;
  std::string energy_method;
  std::optional<double> carbon_g;
  std::string carbon_method;
  double wall_s = 0;
  double device_s = 0;
  std::string device_kind;
  std::string hardware;
  StatementNumbers statements;
};
// Of all jobs, or of those that trained.
Totals totals_of(std::vector<JobEvidence> const& jobs, bool training_only);

// The sections that several documents share.
void write_energy(Builder& to, Totals const& totals, std::string_view citation);
void write_metrics(Builder& to, std::string_view citation);

// One function a document.
void write_gpai_documentation(Builder& to);
void write_integrator_documentation(Builder& to);
void write_training_summary(Builder& to);
void write_assessment_record(Builder& to);
void write_final_report(Builder& to);

}  // namespace fabrica::trust
