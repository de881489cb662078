#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "trust/rules.hpp"

namespace fabrica::trust {

// Three-valued, in this order: "and" is the smaller, "or" the larger.
enum class Answer : std::uint8_t { no, unknown, yes };
BOOST_DESCRIBE_ENUM(Answer, no, unknown, yes)

// One answer, which is itself a statement of the project ("no" included). `question` is a rule id, one of the finer
// questions of question_list(), or one of the groups P, A, T, R, D, which can only be answered no: it then stands for
// every question of that letter that has no answer of its own.
struct GivenAnswer {
  std::string question;
  Answer answer = Answer::unknown;
  std::string reason;
  std::vector<std::string> evidence;  // statement numbers ("#12"), digests, links
};
BOOST_DESCRIBE_STRUCT(GivenAnswer, (), (question, answer, reason, evidence))

// What is known of an amount of computing: an absent bound is unknown, never zero.
struct FlopBounds {
  std::optional<double> lower_flop;
  std::optional<double> upper_flop;
  std::string method;  // "counted", "6PD", "GPU-seconds x peak"
};
BOOST_DESCRIBE_STRUCT(FlopBounds, (), (lower_flop, upper_flop, method))

struct AssessmentInput {
  std::string date;  // YYYY-MM-DD: what held on this day
  std::string intended_purpose;
  std::vector<GivenAnswer> answers;
  FlopBounds training;  // of the model, or of the modification where an upstream model was modified
  FlopBounds upstream;  // of that upstream model
  // The day it was first placed on the Union market or put into service; absent: not before `date`.
  std::optional<std::string> placed_on_market;
};
BOOST_DESCRIBE_STRUCT(AssessmentInput, (), (date, intended_purpose, answers, training, upstream, placed_on_market))

enum class Tier : std::uint8_t { scope, role, prohibited, high_risk, transparency, general_purpose, deployment };
BOOST_DESCRIBE_ENUM(Tier, scope, role, prohibited, high_risk, transparency, general_purpose, deployment)

// One class that holds, and why. Tiers stack: several hold at once.
struct Finding {
  std::string class_name;  // "GPAI_FOSS"
  Tier tier{};
  std::vector<std::string> rules;  // ids that led here
  std::vector<std::string> citations;
  std::string applies_from;  // YYYY-MM-DD; empty where the table names no date
  bool applies = false;      // on the day of the assessment
  bool shadow = false;       // computed although nothing is on the market yet: no duties follow (S5, G4)
  std::string note;
};
BOOST_DESCRIBE_STRUCT(Finding, (), (class_name, tier, rules, citations, applies_from, applies, shadow, note))

// A class that can be neither found nor ruled out, and the answers that would decide.
struct OpenClass {
  std::string class_name;
  Tier tier{};
  std::vector<std::string> questions;
};
BOOST_DESCRIBE_STRUCT(OpenClass, (), (class_name, tier, questions))

enum class DutyState : std::uint8_t { due, later, shadow };
BOOST_DESCRIBE_ENUM(DutyState, due, later, shadow)

struct DutyFinding {
  std::string class_name;
  std::string duty;
  std::string citation;
  std::string applies_from;
  DutyState state{};
  std::string document;
};
BOOST_DESCRIBE_STRUCT(DutyFinding, (), (class_name, duty, citation, applies_from, state, document))

// Where the text can be read in two ways, both are recorded and neither is chosen.
struct Reading {
  std::string citation;
  std::string reading;
  std::string applies_from;
  bool applies = false;
};
BOOST_DESCRIBE_STRUCT(Reading, (), (citation, reading, applies_from, applies))

enum class DueState : std::uint8_t { due, undetermined, voluntary };
BOOST_DESCRIBE_ENUM(DueState, due, undetermined, voluntary)

struct DueDocument {
  std::string document;
  DueState state{};
  std::string because;  // a sentence with class and article, or the open questions
};
BOOST_DESCRIBE_STRUCT(DueDocument, (), (document, state, because))

// A question the procedure needed, with what was answered.
struct AskedQuestion {
  std::string id;
  std::string text;
  std::string citation;
  Answer answer{};
  std::string reason;
  std::vector<std::string> evidence;
};
BOOST_DESCRIBE_STRUCT(AskedQuestion, (), (id, text, citation, answer, reason, evidence))

struct Assessment {
  std::string date;
  std::string intended_purpose;
  std::vector<std::string> classes;  // sorted, with UNDETERMINED where anything is open
  std::vector<Finding> findings;
  std::vector<OpenClass> open;
  std::vector<DutyFinding> duties;
  std::vector<Reading> readings;
  std::vector<DueDocument> documents;
  std::vector<AskedQuestion> questions;
  FlopBounds training;
  FlopBounds upstream;

  bool has(std::string_view class_name) const;
  // What document_state says of a document kind; voluntary with a sentence where no duty names it.
  DueDocument due(std::string_view document) const;
};
BOOST_DESCRIBE_STRUCT(Assessment, (),
                      (date, intended_purpose, classes, findings, open, duties, readings, documents, questions,
                       training, upstream))

inline constexpr std::string_view kUndetermined = "UNDETERMINED";

// A question somebody may be asked: all of them, in the order of the procedure.
struct Question {
  std::string id;
  std::string text;
  std::string citation;
};
BOOST_DESCRIBE_STRUCT(Question, (), (id, text, citation))
std::vector<Question> question_list(std::vector<Rule> const& rules);

// The decision procedure S -> R -> P -> H/A -> T -> G -> D. An answer that is missing is unknown; an unknown never
// lowers a class, it opens it. Errors: invalid "assessment" with a fault for each wrong answer, date or number.
Result<Assessment> assess(AssessmentInput const& input, std::vector<Rule> const& rules,
                          std::vector<Duty> const& duties);

}  // namespace fabrica::trust
