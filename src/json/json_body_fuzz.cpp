// A hostile body never crashes the reader; what it accepts survives writing, reading and canonical form unchanged.
#include "base/check.hpp"
#include "json/json.hpp"

namespace {

using namespace fabrica;

enum class Kind : std::uint8_t { one, two };
BOOST_DESCRIBE_ENUM(Kind, one, two)

struct Body {
  std::string name;
  std::optional<std::int64_t> count = {};
  double share = 0;
  Kind kind{};
  std::vector<Body> parts = {};
  std::map<std::string, std::string> labels = {};
  Bytes token = {};
  json::Raw extra = {};
  Time made = {};
  static constexpr std::array<std::string_view, 7> kMayBeAbsent{"share", "kind",  "parts", "labels",
                                                                "token", "extra", "made"};
};
BOOST_DESCRIBE_STRUCT(Body, (), (name, count, share, kind, parts, labels, token, extra, made))

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string_view const text{reinterpret_cast<char const*>(data), size};
  if (auto const document = json::Document::parse(text)) {
    auto const compact = document->root().write();
    auto const again = json::Document::parse(compact);
    FABRICA_CHECK(again && again->root().write() == compact);
    if (auto const canonical = json::canonical(text)) {
      auto const twice = json::canonical(*canonical);
      FABRICA_CHECK(twice && *twice == *canonical);
    }
    (void)document->at(text.substr(0, 64));
  }
  if (auto const body = json::read<Body>(text)) {
    auto const written = json::write(*body);
    auto const again = json::read<Body>(written);
    FABRICA_CHECK(again && json::write(*again) == written);
  } else if (!body.error().faults.empty()) {
    FABRICA_CHECK(!body.error().faults[0].what.empty());
  }
  return 0;
}
