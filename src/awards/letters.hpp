#pragma once

#include <string>

#include "awards/types.hpp"

// Letters and reports, made of what was decided alone: the same facts give the same bytes.
namespace fabrica::awards {

struct RequestLetter {
  Request request{};
  std::string call_title{};
  std::string title{};  // of the project
  std::string partition{};
  std::string to_partition{};  // of a transfer
  std::string unit{};
  std::string to_unit{};
  Time ends{};  // of the award, with what was granted
  Time made{};  // of the letter
};
std::string letter_text(RequestLetter const& in);
std::string letter_html(RequestLetter const& in);

// What is sent and kept. version 0: a draft.
struct ReportDocument {
  std::string format = "fabrica-award-report/1";
  std::int64_t version = 0;
  Time made{};
  ReportFigures figures{};
  Narrative narrative{};
};
BOOST_DESCRIBE_STRUCT(ReportDocument, (), (format, version, made, figures, narrative))
std::string report_html(ReportDocument const& in);

}  // namespace fabrica::awards
