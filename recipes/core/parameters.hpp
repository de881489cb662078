#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace fabrica::recipe {

// Reads a job's parameters key by key. A key that is missing keeps its default; a wrong type, a value out of range and
// a key nobody asked for are faults that done() returns all at once.
class Parameters {
 public:
  // Errors: invalid "parameters" where the text is no JSON object.
  static Result<Parameters> parse(std::string_view text);

  void integer(char const* key, int& to, int low, int high);
  void seed(char const* key, std::uint64_t& to);
  void real(char const* key, double& to, double low, double high);
  void boolean(char const* key, bool& to);
  void string(char const* key, std::string& to, std::size_t max_bytes);
  void strings(char const* key, std::vector<std::string>& to, std::size_t most, std::size_t max_bytes);
  void fault(char const* key, std::string what) { faults_.push_back({std::string{"/"} + key, std::move(what)}); }

  // Errors: invalid "parameters", the first fault in the text and all of them as faults.
  Result<> done();

 private:
  boost::json::value const* take(char const* key);

  boost::json::object object_;
  std::vector<std::string> taken_;
  std::vector<Fault> faults_;
};

}  // namespace fabrica::recipe
