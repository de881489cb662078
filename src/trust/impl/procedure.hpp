#pragma once

#include <array>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "trust/assessment.hpp"
#include "trust/impl/verdict.hpp"

namespace fabrica::trust {

// A question finer than a row of the table, and the row it belongs to.
struct FinerQuestion {
  std::string_view id;
  std::string_view rule;
  std::string_view text;
};
inline constexpr std::array kFinerQuestions{
    FinerQuestion{"system", "S1",
                  "Is it, or is it part of, an AI system with an intended purpose, and not a model alone?"},
    FinerQuestion{"model", "S1", "Does it contain an AI model that its provider trained or modified?"},
    FinerQuestion{"S7.licence", "S7", "Is the system released under a free and open-source licence?"},
    FinerQuestion{
        "H21.no_risk", "H21",
        "Does it pose no significant risk of harm to health, safety or fundamental rights, and has it no material "
        "influence on the outcome of decisions?"},
    FinerQuestion{"H21.a", "H21", "Is it intended for a narrow procedural task?"},
    FinerQuestion{"H21.b", "H21", "Is it intended to improve the result of a previously completed human activity?"},
    FinerQuestion{
        "H21.c", "H21",
        "Is it intended to detect decision patterns or deviations from them, without replacing or influencing the "
        "human assessment without proper review?"},
    FinerQuestion{"H21.d", "H21", "Is it intended for a task preparatory to an assessment of an Annex III purpose?"},
    FinerQuestion{"G1.generative", "G1",
                  "Does the model generate language (text incl. code, or audio), images from text or video from text?"},
    FinerQuestion{"generality", "G3",
                  "Does the model show significant generality over a wide range of distinct tasks?"},
    FinerQuestion{
        "G3.decision", "G3",
        "Has the responsible person decided, with reasons, that it is a general-purpose model although it lies below "
        "the indicative criterion?"},
    FinerQuestion{"G5.modifies", "G5", "Is it a modification of an upstream general-purpose model?"},
    FinerQuestion{"G6.inestimable", "G6",
                  "Is the computing spent on the upstream model neither known nor possible to estimate?"},
    FinerQuestion{"G6.systemic", "G6", "Is the upstream model one with systemic risk?"},
    FinerQuestion{"G8.licence", "G8",
                  "Is the model released under a licence that allows access, use, modification and distribution?"},
    FinerQuestion{"G8.public", "G8", "Are weights, architecture and information on usage public?"},
    FinerQuestion{"G9.expected", "G9", "Is it known that the cumulative computing will exceed 1e25 FLOP?"},
};
// Rows the procedure works out; nobody answers them.
inline constexpr std::array<std::string_view, 14> kComputed{"S7", "H21", "H22", "G1", "G2",  "G3", "G5",
                                                            "G6", "G7",  "G8",  "G9", "G11", "D6", "D7"};
// Letters that one "no" may answer as a whole.
inline constexpr std::array<std::string_view, 5> kGroups{"P", "A", "T", "R", "D"};

bool is_askable(std::string_view id, std::vector<Rule> const& rules);

// One run of the decision procedure; fills an Assessment.
class Procedure {
 public:
  Procedure(AssessmentInput const& input, std::vector<Rule> const& rules, std::vector<Duty> const& duties);
  Assessment run();

 private:
  Rule const& rule(std::string_view id) const;
  Verdict ask(std::string_view id);
  // "Yes" if any row of that letter is.
  Verdict ask_any(std::string_view letter);
  // Notes a class that holds, or leaves it open. `date` is which of the dates of the last rule counts.
  void conclude(std::string class_name, Tier tier, Verdict const& verdict, std::size_t date = 0, std::string note = {});

  bool scope();
  void roles();
  void prohibited();
  void high_risk();
  void annex_three();
  void taken_over();
  void transparency();
  void general_purpose();
  bool gpai_before_2025() const;
  Verdict from_2027(Verdict const& verdict) const;
  Verdict modified_enough(Verdict const& modifies);
  void general_purpose_kinds(Verdict const& gpai, Verdict const& modifies);
  void deployment();
  void nothing_else();
  void derive_duties();
  void derive_documents();
  bool counts_as_duty_class(std::string_view row_class, Finding const& finding) const;
  bool anything_in(Tier tier) const;

  AssessmentInput const& input_;
  std::vector<Rule> const& rules_;
  std::vector<Duty> const& duties_;
  Assessment out_;
  std::set<std::string, std::less<>> asked_;
  bool shadow_ = false;
  bool gpai_shadow_ = false;
  Verdict system_, model_, provider_, deployer_, outside_union_, no_deployer_duties_;
  Verdict annex_one_a_, annex_one_b_, annex_three_, gpai_, systemic_, foss_;
};

}  // namespace fabrica::trust
