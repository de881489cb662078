// From a document and a CSV file to what they say, with every fault.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "calls/impl/csv_table.hpp"
#include "calls/impl/import_faults.hpp"
#include "calls/import.hpp"
#include "crypto/sha256.hpp"

namespace fabrica::calls {
namespace {

constexpr std::size_t kDocumentBytesMax = std::size_t{48} << 20;
constexpr std::size_t kCsvBytesMax = std::size_t{16} << 20;
constexpr json::Limits kLimits{.bytes = kDocumentBytesMax, .depth = 32, .values = 3'000'000};

enum class Cell : std::uint8_t { text, number, flag, json, list, decision_text, decision_number, applicant };
struct Column {
  std::string_view name;
  std::string_view member;  // of ImportedProposal or of its decision
  Cell kind;
};
constexpr std::array<Column, 36> kColumns{{{"id", "id", Cell::text},
                                           {"round", "round", Cell::text},
                                           {"organisation", "organisation", Cell::text},
                                           {"organisation_name", "name", Cell::applicant},
                                           {"organisation_country", "country", Cell::applicant},
                                           {"organisation_kind", "kind", Cell::applicant},
                                           {"project", "project", Cell::text},
                                           {"title", "title", Cell::text},
                                           {"summary", "summary", Cell::text},
                                           {"sector", "sector", Cell::text},
                                           {"lead", "lead", Cell::text},
                                           {"lead_name", "lead_name", Cell::applicant},
                                           {"members", "members", Cell::list},
                                           {"partition", "partition", Cell::text},
                                           {"amount_units", "amount_units", Cell::number},
                                           {"duration_days", "duration_days", Cell::number},
                                           {"purpose", "purpose", Cell::text},
                                           {"civilian_purposes", "civilian_purposes", Cell::text},
                                           {"excluded_uses", "excluded_uses", Cell::text},
                                           {"personal_data", "personal_data", Cell::text},
                                           {"first_come_accepted", "first_come_accepted", Cell::text},
                                           {"plan", "plan", Cell::json},
                                           {"form", "form", Cell::json},
                                           {"minimum_units", "minimum_units", Cell::number},
                                           {"confidential", "confidential", Cell::flag},
                                           {"submitted", "submitted", Cell::text},
                                           {"state", "state", Cell::text},
                                           {"step", "step", Cell::text},
                                           {"step_failed", "step_failed", Cell::text},
                                           {"decided", "decided", Cell::decision_text},
                                           {"reason", "reason", Cell::decision_text},
                                           {"awarded_partition", "partition", Cell::decision_text},
                                           {"awarded_units", "amount_units", Cell::decision_number},
                                           {"used_units", "used_units", Cell::decision_number},
                                           {"starts", "starts", Cell::decision_text},
                                           {"ends", "ends", Cell::decision_text}}};
constexpr std::string_view kFormPrefix = "form.";

Column const* column_of(std::string_view name) {
  auto const found = std::ranges::find(kColumns, name, &Column::name);
  return found == kColumns.end() ? nullptr : &*found;
}

std::string json_text(std::string_view text) {
  std::string out;
  json::append_string(out, text);
  return out;
}

bool is_whole(std::string_view text) {
  return !text.empty() && text.size() <= 12 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// A number stays a number; what is none becomes a text, which the reader then names as a fault.
std::string number(std::string_view cell) { return is_whole(cell) ? std::string{cell} : json_text(cell); }

std::string list(std::string_view cell) {
  std::string out;
  while (!cell.empty()) {
    auto const end = std::min(cell.find(';'), cell.size());
    auto one = cell.substr(0, end);
    while (!one.empty() && one.front() == ' ') one.remove_prefix(1);
    while (!one.empty() && one.back() == ' ') one.remove_suffix(1);
    if (!one.empty()) out += (out.empty() ? "" : ",") + json_text(one);
    cell.remove_prefix(std::min(end + 1, cell.size()));
  }
  return "[" + out + "]";
}

std::string flag(std::string_view cell) {
  if (cell == "yes" || cell == "true") return "true";
  return cell == "no" || cell == "false" ? "false" : json_text(cell);
}

class Sheet {
 public:
  Sheet(std::string_view text, ImportFile& out, std::vector<Fault>& faults) : out_{out}, faults_{faults} {
    table_ = read_csv(text, faults);
  }

  void read() {
    for (auto const& name : table_.header)
      if (!column_of(name) && !name.starts_with(kFormPrefix))
        faults_.push_back({"/proposals_csv/1/" + name.substr(0, 64),
                           fmt::format("There is no column \"{}\"; there are {}, and form.<field>.", name.substr(0, 64),
                                       fmt::join(names(), ", "))});
    for (auto const& row : table_.rows) read_row(row);
  }

 private:
  static std::vector<std::string_view> names() {
    std::vector<std::string_view> out;
    for (auto const& one : kColumns)
      if (!one.member.empty()) out.push_back(one.name);
    return out;
  }

  void read_row(CsvRow const& row) {
    std::string proposal;
    std::string decision;
    std::string form;
    auto const put = [](std::string& to, std::string_view name, std::string const& value) {
      to += fmt::format("{}{}:{}", to.empty() ? "" : ",", json_text(name), value);
    };
    for (std::size_t at = 0; at < row.cells.size(); ++at) {
      auto const& cell = row.cells[at];
      std::string_view const name = table_.header[at];
      if (cell.empty()) continue;
      if (name.starts_with(kFormPrefix)) put(form, name.substr(kFormPrefix.size()), json_text(cell));
      auto const* column = column_of(name);
      if (!column) continue;
      switch (column->kind) {
        case Cell::text: put(proposal, column->member, json_text(cell)); break;
        case Cell::number: put(proposal, column->member, number(cell)); break;
        case Cell::flag: put(proposal, column->member, flag(cell)); break;
        case Cell::list: put(proposal, column->member, list(cell)); break;
        case Cell::json: put_json(row, *column, cell, proposal, form); break;
        case Cell::decision_text: put(decision, column->member, json_text(cell)); break;
        case Cell::decision_number: put(decision, column->member, number(cell)); break;
        case Cell::applicant: break;
      }
    }
    if (!decision.empty()) put(proposal, "decision", "{" + decision + "}");
    if (!form.empty()) put(proposal, "form", "{" + form + "}");
    auto read = json::read<ImportedProposal>("{" + proposal + "}", kLimits);
    if (!read) {
      for (auto const& fault : read.error().faults)
        faults_.push_back({fmt::format("/proposals_csv/{}{}", row.line, fault.pointer),
                           fmt::format("Line {}: {}", row.line, fault.what)});
      if (read.error().faults.empty())
        faults_.push_back(
            {fmt::format("/proposals_csv/{}", row.line), fmt::format("Line {}: {}", row.line, read.error().what)});
      return;
    }
    add_applicant(row, *read);
    out_.document.proposals.push_back(*std::move(read));
    out_.origins.push_back(fmt::format("/proposals_csv/{}", row.line));
  }

  void put_json(CsvRow const& row, Column const& column, std::string const& cell, std::string& proposal,
                std::string& form) {
    auto const document = json::Document::parse(cell, kLimits);
    if (!document || document->root().kind() != json::Kind::object) {
      faults_.push_back({fmt::format("/proposals_csv/{}/{}", row.line, column.name),
                         fmt::format("Line {}: {} is no JSON object.", row.line, column.name)});
      return;
    }
    if (column.name == "form") {
      for (std::size_t at = 0; at < document->root().size(); ++at)
        form += fmt::format("{}{}:{}", form.empty() ? "" : ",", json_text(document->root()[at].key()),
                            document->root()[at].write());
    } else {
      proposal +=
          fmt::format("{}{}:{}", proposal.empty() ? "" : ",", json_text(column.member), document->root().write());
    }
  }

  std::string cell(CsvRow const& row, std::string_view name) const {
    auto const found = std::ranges::find(table_.header, name);
    return found == table_.header.end() ? "" : row.cells[static_cast<std::size_t>(found - table_.header.begin())];
  }

  // A row may bring its organisation and its lead along; said twice, the first holds.
  void add_applicant(CsvRow const& row, ImportedProposal const& proposal) {
    auto& document = out_.document;
    auto const name = cell(row, "organisation_name");
    if (!name.empty() && std::ranges::find(document.organisations, proposal.organisation, &ImportedOrganisation::id) ==
                             document.organisations.end()) {
      auto const kind = json::enum_value<identity::OrganisationKind>(cell(row, "organisation_kind"));
      if (!kind)
        faults_.push_back({fmt::format("/proposals_csv/{}/organisation_kind", row.line),
                           fmt::format("Line {}: the kind is one of {}.", row.line,
                                       fmt::join(json::detail::kEnumNames<identity::OrganisationKind>, ", "))});
      document.organisations.push_back({proposal.organisation,
                                        name,
                                        cell(row, "organisation_country"),
                                        kind.value_or(identity::OrganisationKind::other),
                                        {},
                                        {},
                                        {}});
    }
    auto const lead = cell(row, "lead_name");
    if (!lead.empty() &&
        std::ranges::find(document.people, proposal.lead, &ImportedPerson::email) == document.people.end())
      document.people.push_back({proposal.lead, lead, proposal.organisation});
  }

  CsvTable table_;
  ImportFile& out_;
  std::vector<Fault>& faults_;
};

}  // namespace

std::unexpected<Error> import_faults(std::vector<Fault> faults) {
  constexpr std::size_t kListed = 500;
  auto const all = faults.size();
  if (all > kListed) faults.resize(kListed);
  return fail(Errc::invalid, "import",
              fmt::format("{} {} in the file{}; nothing was imported. Correct what is named and import it again.", all,
                          all == 1 ? "fault" : "faults", all > kListed ? ", of which 500 are listed" : ""),
              std::move(faults));
}

Result<ImportFile> read_import(std::string_view document, std::string_view proposals_csv) {
  if (document.size() > kDocumentBytesMax || proposals_csv.size() > kCsvBytesMax)
    return fail(Errc::too_large, "import_too_large",
                "A document has at most 48 MiB and a CSV file at most 16 MiB: import the call in parts.");
  ImportFile out;
  std::vector<Fault> faults;
  auto read = json::read<ImportDocument>(document, kLimits);
  if (!read && read.error().faults.empty()) return std::unexpected(read.error());
  if (read) {
    out.document = *std::move(read);
    for (std::size_t at = 0; at < out.document.proposals.size(); ++at)
      out.origins.push_back(fmt::format("/proposals/{}", at));
  } else {
    faults = read.error().faults;
  }
  if (!proposals_csv.empty()) Sheet{proposals_csv, out, faults}.read();
  if (read) check_import(out, faults);
  if (!faults.empty()) return import_faults(std::move(faults));
  crypto::Sha256 hash;
  hash.update(document);
  hash.update("\n");
  hash.update(proposals_csv);
  out.sha256 = hash.finish().hex();
  return out;
}

}  // namespace fabrica::calls
