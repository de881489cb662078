#include "core/parameters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

namespace fabrica::recipe {

Result<Parameters> Parameters::parse(std::string_view text) {
  boost::system::error_code error;
  boost::json::parse_options options;
  options.max_depth = 8;
  boost::json::stream_parser parser{{}, options};
  auto const read = parser.write_some(text.data(), text.size(), error);
  if (!error && read < text.size() && text.find_first_not_of(" \t\r\n", read) != std::string_view::npos)
    error = boost::json::error::extra_data;
  if (!error) parser.finish(error);
  if (error) {
    auto const before = text.substr(0, read);
    auto const line = std::ranges::count(before, '\n') + 1;
    auto const last = before.rfind('\n');
    auto const column = last == std::string_view::npos ? read + 1 : read - last;
    return fail(Errc::invalid, "parameters",
                fmt::format("The parameters are no JSON: line {}, column {}: {}.", line, column, error.message()));
  }
  auto const root = parser.release();
  if (!root.is_object()) return fail(Errc::invalid, "parameters", "The parameters must be a JSON object.");
  Parameters parameters;
  parameters.object_ = root.get_object();
  return parameters;
}

boost::json::value const* Parameters::take(char const* key) {
  taken_.emplace_back(key);
  return object_.if_contains(key);
}

void Parameters::integer(char const* key, int& to, int low, int high) {
  auto const* const value = take(key);
  if (!value) return;
  auto const* const number = value->if_int64();
  if (!number || *number < low || *number > high)
    fault(key, fmt::format("must be a whole number from {} to {}, is {}", low, high, boost::json::serialize(*value)));
  else to = static_cast<int>(*number);
}

void Parameters::seed(char const* key, std::uint64_t& to) {
  auto const* const value = take(key);
  if (!value) return;
  auto const* const number = value->if_int64();
  if (!number || *number < 0)
    fault(key, fmt::format("must be a whole number from 0 to 2^63 - 1, is {}", boost::json::serialize(*value)));
  else to = static_cast<std::uint64_t>(*number);
}

void Parameters::real(char const* key, double& to, double low, double high) {
  auto const* const value = take(key);
  if (!value) return;
  boost::system::error_code error;
  auto const number = value->is_number() ? value->to_number<double>(error) : 0.0;
  if (!value->is_number() || error || !(number >= low && number <= high))
    fault(key, fmt::format("must be a number from {} to {}, is {}", low, high, boost::json::serialize(*value)));
  else to = number;
}

void Parameters::boolean(char const* key, bool& to) {
  auto const* const value = take(key);
  if (!value) return;
  if (auto const* const flag = value->if_bool()) to = *flag;
  else fault(key, fmt::format("must be true or false, is {}", boost::json::serialize(*value)));
}

void Parameters::string(char const* key, std::string& to, std::size_t max_bytes) {
  auto const* const value = take(key);
  if (!value) return;
  auto const* const text = value->if_string();
  if (!text || text->size() > max_bytes) fault(key, fmt::format("must be a string of at most {} bytes", max_bytes));
  else to = *text;
}

void Parameters::strings(char const* key, std::vector<std::string>& to, std::size_t most, std::size_t max_bytes) {
  auto const* const value = take(key);
  if (!value) return;
  auto const* const list = value->if_array();
  bool good = list && list->size() <= most;
  std::vector<std::string> read;
  for (std::size_t i = 0; good && i < list->size(); ++i) {
    auto const* const text = (*list)[i].if_string();
    good = text && text->size() <= max_bytes;
    if (good) read.emplace_back(*text);
  }
  if (good) to = std::move(read);
  else fault(key, fmt::format("must be a list of at most {} strings of at most {} bytes each", most, max_bytes));
}

Result<> Parameters::done() {
  for (auto const& [key, value] : object_)
    if (std::ranges::find(taken_, key) == taken_.end())
      faults_.push_back({fmt::format("/{}", std::string_view{key}), "is no parameter of this program"});
  if (faults_.empty()) return {};
  auto const first = faults_.front();
  return fail(Errc::invalid, "parameters", fmt::format("Parameter {} {}.", first.pointer.substr(1), first.what),
              std::move(faults_));
}

}  // namespace fabrica::recipe
