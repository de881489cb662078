#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "trust/evidence.hpp"

namespace fabrica::trust {

// Where a sentence or number comes from. recorded: from what the factory's statements show; measured: by an instrument
// or an evaluation of the factory; declared: somebody says so and answers for it; missing: nobody has.
enum class Origin : std::uint8_t { recorded, measured, declared, missing };
BOOST_DESCRIBE_ENUM(Origin, recorded, measured, declared, missing)

struct Source {
  Origin origin = Origin::missing;
  StatementNumbers statements;
  std::string by;  // of a declaration
};
BOOST_DESCRIBE_STRUCT(Source, (), (origin, statements, by))

struct Field {
  std::string key;  // "data.points", stable
  std::string title;
  std::string text;  // empty when missing
  std::optional<double> value;
  std::string unit;
  bool due = false;      // a duty that applies asks for it
  std::string citation;  // "Annex XI 1(d)"
  Source source;
};
BOOST_DESCRIBE_STRUCT(Field, (), (key, title, text, value, unit, due, citation, source))

struct Section {
  std::string key;
  std::string title;
  std::vector<Field> fields;
};
BOOST_DESCRIBE_STRUCT(Section, (), (key, title, fields))

struct SourceCounts {
  std::int64_t recorded = 0;
  std::int64_t measured = 0;
  std::int64_t declared = 0;
  std::int64_t missing = 0;
};
BOOST_DESCRIBE_STRUCT(SourceCounts, (), (recorded, measured, declared, missing))

enum class DocumentKind : std::uint8_t {
  gpai_documentation,             // Annex XI and the Model Documentation Form
  gpai_integrator_documentation,  // Annex XII: for those who build on the model
  training_content_summary,
  assessment_record,
  final_report,
};
BOOST_DESCRIBE_ENUM(DocumentKind, gpai_documentation, gpai_integrator_documentation, training_content_summary,
                    assessment_record, final_report)

struct Document {
  std::string format;  // "fabrica.document/1"
  DocumentKind kind{};
  std::string title;
  std::string template_version;
  std::string subject;  // the model and its version, or the project
  std::string project;
  std::string provider;
  std::string factory;
  std::string log_origin;
  Time made;
  bool draft = false;
  bool demo = false;
  DueState due{};
  std::string due_because;
  SourceCounts counts;
  std::vector<std::string> notices;
  std::vector<Section> sections;
};
BOOST_DESCRIBE_STRUCT(Document, (),
                      (format, kind, title, template_version, subject, project, provider, factory, log_origin, made,
                       draft, demo, due, due_because, counts, notices, sections))

// Pure: the same evidence makes the same document. What no statement shows is missing, never guessed.
Document make_document(DocumentKind kind, Evidence const& evidence, bool draft);

// A document that is not a draft may lack only what no duty asks for.
// Errors: conflict "document_incomplete", a fault for each field, saying what to declare or record.
Result<> check_release(Document const& document);

// One self-contained page: no script, nothing loaded from anywhere, made for print as well; everything is escaped.
std::string render_html(Document const& document);
// The same structure as JSON, indented.
std::string render_json(Document const& document);

}  // namespace fabrica::trust
