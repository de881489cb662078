#pragma once

#include "calls/service.hpp"

namespace fabrica::calls {

enum class SuggestedFrom : std::uint8_t { earlier, plan };
BOOST_DESCRIBE_ENUM(SuggestedFrom, earlier, plan)

// An answer somebody may take over with one click; nothing is taken over by itself.
struct Suggested {
  std::string field;
  std::string label;
  SuggestedFrom from{};
  std::string source;                  // of the plan: the pointer into it; of an earlier answer: what it is offered as
  std::optional<PublicId> proposal;    // where the answer was given
  std::optional<Time> given;           // when that proposal was made
  std::optional<PublicId> attachment;  // a file: attach it again, its answer alone names nothing here
  bool answered = false;               // the draft has an answer of its own there
  json::Raw value;
};
BOOST_DESCRIBE_STRUCT(Suggested, (), (field, label, from, source, proposal, given, attachment, answered, value))

struct NotSuggested {
  std::string field;
  SuggestedFrom from{};
  std::string source;
  std::string why;
};
BOOST_DESCRIBE_STRUCT(NotSuggested, (), (field, from, source, why))

struct SuggestedAnswers {
  PublicId call;
  std::string form;
  std::string form_digest;
  std::vector<Suggested> offered;
  std::vector<NotSuggested> not_offered;
};
BOOST_DESCRIBE_STRUCT(SuggestedAnswers, (), (call, form, form_digest, offered, not_offered))

// For a project that has no draft yet.
struct SuggestionRequest {
  PublicId call;
  std::optional<std::string> partition;
  std::optional<json::Raw> plan;  // the planner's request, as for POST /plan; goes with a partition

  static constexpr auto limits() { return std::tuple{json::length(&SuggestionRequest::partition, 1, 100)}; }
};
BOOST_DESCRIBE_STRUCT(SuggestionRequest, (), (call, partition, plan))

// What a form need not ask again: the newest answers of this project and of those of the same organisation that this
// person may see, and the numbers of the plan. Consents are given anew each time, an "unknown" is not carried.
class Suggester {
 public:
  Suggester(Clock const& clock, projects::Projects& projects, facts::Store& facts, Calls& calls)
      : clock_{clock}, projects_{projects}, facts_{facts}, calls_{calls} {}

  // By who may see the project. Errors: not_found "call", not_found "form", invalid as the planner says (at /plan).
  Result<SuggestedAnswers> of_project(db::Tx& tx, identity::Actor const& actor, PublicId const& project,
                                      SuggestionRequest const& request);
  // With the plan and the partition of the draft.
  Result<SuggestedAnswers> of_proposal(db::Tx& tx, identity::Actor const& actor, PublicId const& proposal);

 private:
  struct Asked;
  Result<SuggestedAnswers> answer(db::Tx& tx, identity::Actor const& actor, Asked const& asked);
  Result<> add_earlier(db::Tx& tx, identity::Actor const& actor, Asked const& asked, SuggestedAnswers& out);
  Result<> add_plan(db::Tx& tx, Asked const& asked, SuggestedAnswers& out);

  Clock const& clock_;
  projects::Projects& projects_;
  facts::Store& facts_;
  Calls& calls_;
};

}  // namespace fabrica::calls
