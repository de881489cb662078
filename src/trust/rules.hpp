#pragma once

#include <boost/describe.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace fabrica::trust {

// A row of facts/aiact_rules.tsv. The condition is the question a person answers; the outcome is for people too: what
// follows in code is written in impl/assess.cpp under the same id.
struct Rule {
  std::string id;  // "A4a"
  std::string condition;
  std::string outcome;
  std::string citation;      // "Art 6(2), Annex III 4(a)"
  std::string applies_from;  // as the table words it; dates_in() finds the dates
};
BOOST_DESCRIBE_STRUCT(Rule, (), (id, condition, outcome, citation, applies_from))

// A row of facts/aiact_duties.tsv: what a class obliges to, since when, and which of our documents serves it.
struct Duty {
  std::string class_name;  // HR_PROVIDER, HR_DEPLOYER or a class of assessment.hpp
  std::string duty;
  std::string citation;
  std::string applies_from;  // YYYY-MM-DD
  std::string document;      // a document kind, or empty
  std::string source;
  std::string confidence;
};
BOOST_DESCRIBE_STRUCT(Duty, (), (class_name, duty, citation, applies_from, document, source, confidence))

// Both tables are tab-separated with a header line that names the columns; order of columns is free.
// Errors: invalid "fact_table" with the line; every rule id the decision procedure uses must be there exactly once.
Result<std::vector<Rule>> parse_rules(std::string_view tsv);
Result<std::vector<Duty>> parse_duties(std::string_view tsv);

// The tables compiled into the program.
Result<std::vector<Rule>> shipped_rules();
Result<std::vector<Duty>> shipped_duties();

// The dates (YYYY-MM-DD) in a text, in the order they stand there.
std::vector<std::string> dates_in(std::string_view text);
// YYYY-MM-DD and a day that exists.
bool is_date(std::string_view text);

}  // namespace fabrica::trust
