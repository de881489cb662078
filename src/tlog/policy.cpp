#include "tlog/policy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "tlog/impl/text.hpp"

namespace fabrica::tlog {
namespace {

constexpr std::size_t kLineBytesMax = 16 * 1024;

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (true) {
    auto const start = line.find_first_not_of(" \t");
    if (start == std::string_view::npos) return words;
    auto const end = std::min(line.find_first_of(" \t", start), line.size());
    words.push_back(line.substr(start, end - start));
    line.remove_prefix(end);
  }
}

// When a name of the policy counted (s since 1970), or nothing.
using Times = std::map<std::string_view, std::optional<std::uint64_t>>;

// A group counts from the moment its needed-th member did.
std::optional<std::uint64_t> time_of(PolicyGroup const& group, Times const& times) {
  std::vector<std::uint64_t> counted;
  for (auto const& member : group.members)
    if (auto const time = times.at(member)) counted.push_back(*time);
  if (counted.size() < group.needed) return std::nullopt;
  std::sort(counted.begin(), counted.end());
  return counted[group.needed - 1];
}

// The log's signatures: one known key that verifies, and none that does not.
Result<std::string> judge_log(SignedCheckpoint const& checkpoint, std::vector<PolicyLog> const& logs) {
  std::vector<VerifierKey> keys;
  for (auto const& log : logs)
    if (log.key.name() == checkpoint.checkpoint.origin) keys.push_back(log.key);
  if (keys.empty())
    return fail(Errc::invalid, "log_policy",
                fmt::format("The policy does not know the log {}.", shown(checkpoint.checkpoint.origin)));
  auto const signers = verify_note(checkpoint.note, keys);
  if (!signers)
    return fail(Errc::invalid, "log_policy",
                fmt::format("The checkpoint is not signed by the log {} as the policy knows it: {}",
                            shown(checkpoint.checkpoint.origin), signers.error().what));
  return keys[signers->front()].text();
}

// `forged` becomes true where a signature in the witness's name is bad, which refuses the whole checkpoint.
WitnessVerdict judge_witness(Note const& note, PolicyWitness const& witness, bool& forged) {
  WitnessVerdict out{
      .name = witness.name, .key_name = witness.key.name(), .counted = false, .time_s = 0, .why = "has not cosigned"};
  for (auto const& signature : note.signatures) {
    if (!signature.is_by(witness.key)) continue;
    auto const verified = verify_signature(note.text, signature, witness.key);
    if (!verified) {
      forged = forged || verified.error().reason == "signature";
      return {.name = witness.name,
              .key_name = witness.key.name(),
              .counted = false,
              .time_s = 0,
              .why = verified.error().what};
    }
    // Of several cosignatures the earliest says most: the checkpoint existed by then.
    out.time_s = out.counted ? std::min(out.time_s, verified->time_s) : verified->time_s;
    out.counted = true;
    out.why.clear();
  }
  return out;
}

std::string missing_quorum(std::string const& quorum, std::vector<WitnessVerdict> const& witnesses) {
  std::string counted;
  std::string missing;
  for (auto const& witness : witnesses) {
    auto& list = witness.counted ? counted : missing;
    if (!list.empty()) list += ", ";
    list += shown(witness.name);
  }
  return fmt::format("The quorum {} is not reached: counted {}; not counted {}.", shown(quorum),
                     counted.empty() ? "nobody" : counted, missing.empty() ? "nobody" : missing);
}

}  // namespace

// Reads a policy line by line; knows which names are taken.
class PolicyParser {
 public:
  Result<Policy> parse(std::string_view text) {
    if (text.size() > kPolicyBytesMax) return bad("The policy is too long.");
    for (char const c : text)
      if (auto const byte = static_cast<unsigned char>(c); (byte < 0x20 && c != '\t' && c != '\n') || byte == 0x7F)
        return bad("The policy has a control character in it.");
    while (!text.empty()) {
      ++line_;
      auto line = take_line(text);
      if (!line) line = std::exchange(text, {});  // a last line without a newline, as editors leave it
      if (line->size() > kLineBytesMax) return bad("The line is too long.");
      auto const words = words_of(*line);
      if (words.empty() || words[0].starts_with('#')) continue;
      FABRICA_DO(read(words));
    }
    if (policy_.quorum_.empty())
      return bad("The policy has no quorum line: write \"quorum none\" to ask for no witness.");
    return std::move(policy_);
  }

 private:
  using Words = std::vector<std::string_view>;

  std::unexpected<Error> bad(std::string_view what) const {
    return fail(Errc::invalid, "policy", fmt::format("Line {} of the policy: {}", line_, what));
  }

  Result<> read(Words const& words) {
    if (words[0] == "log") return read_log(words);
    if (words[0] == "witness") return read_witness(words);
    if (words[0] == "group") return read_group(words);
    if (words[0] == "quorum") return read_quorum(words);
    return bad(fmt::format("\"{}\" is not log, witness, group or quorum.", shown(words[0])));
  }

  Result<> read_log(Words const& words) {
    if (words.size() < 2 || words.size() > 3) return bad("Write: log <vkey> [<url>].");
    FABRICA_TRY(auto key, read_key(words[1]));
    if (key.type() == KeyType::cosignature_ed25519) return bad("This is a witness's key, not a log's.");
    if (!log_keys_.insert(key.material()).second) return bad("This log is there twice.");
    if (policy_.logs_.size() == kPolicyNamesMax) return bad("The policy has too many logs.");
    policy_.logs_.push_back({.key = std::move(key), .url = std::string{words.size() == 3 ? words[2] : ""}});
    return {};
  }

  Result<> read_witness(Words const& words) {
    if (words.size() < 3 || words.size() > 4) return bad("Write: witness <name> <vkey> [<url>].");
    FABRICA_TRY(auto key, read_key(words[2]));
    if (key.type() != KeyType::cosignature_ed25519 && key.type() != KeyType::cosignature_mldsa44)
      return bad("This is not a witness's key: those have type 0x04 or 0x06.");
    if (!witness_keys_.insert(key.material()).second) return bad("This witness is there twice.");
    FABRICA_DO(define(words[1]));
    policy_.witnesses_.push_back(
        {.name = std::string{words[1]}, .key = std::move(key), .url = std::string{words.size() == 4 ? words[3] : ""}});
    return {};
  }

  Result<> read_group(Words const& words) {
    if (words.size() < 4) return bad("Write: group <name> all|any|<k> <member>...");
    PolicyGroup group{.name = std::string{words[1]}, .needed = 1, .members = {}};
    for (std::size_t at = 3; at < words.size(); ++at) {
      if (!names_.contains(words[at])) return bad(fmt::format("\"{}\" is not defined above.", shown(words[at])));
      if (!members_.emplace(words[at]).second)
        return bad(
            fmt::format("\"{}\" is in a group already, and a witness counts in one way only.", shown(words[at])));
      group.members.emplace_back(words[at]);
    }
    FABRICA_DO(define(words[1]));
    if (words[2] == "all") {
      group.needed = group.members.size();
    } else if (words[2] != "any") {
      auto const number = parse_decimal(words[2], group.members.size());
      if (!number || *number == 0) return bad("The number needed is 1 to the number of members.");
      group.needed = static_cast<std::size_t>(*number);
    }
    policy_.groups_.push_back(std::move(group));
    return {};
  }

  Result<> read_quorum(Words const& words) {
    if (words.size() != 2) return bad("Write: quorum <name>, or quorum none.");
    if (!policy_.quorum_.empty()) return bad("There is a quorum already.");
    if (words[1] != "none" && !names_.contains(words[1]))
      return bad(fmt::format("\"{}\" is not defined above.", shown(words[1])));
    policy_.quorum_ = words[1];
    return {};
  }

  Result<VerifierKey> read_key(std::string_view text) const {
    auto key = VerifierKey::parse(text);
    if (!key) return bad(key.error().what);
    return key;
  }

  Result<> define(std::string_view name) {
    if (name == "none") return bad("\"none\" is not a name one can give.");
    if (names_.size() == kPolicyNamesMax) return bad("The policy has too many names.");
    if (!names_.emplace(name).second) return bad(fmt::format("\"{}\" is there twice.", shown(name)));
    return {};
  }

  Policy policy_;
  std::size_t line_ = 0;
  std::set<std::string, std::less<>> names_;
  std::set<std::string, std::less<>> members_;
  std::set<Bytes> log_keys_;
  std::set<Bytes> witness_keys_;
};

Result<Policy> Policy::parse(std::string_view text) { return PolicyParser{}.parse(text); }

std::string Policy::text() const {
  std::string out;
  auto const url_of = [](std::string const& url) { return url.empty() ? std::string{} : " " + url; };
  for (auto const& log : logs_) out += fmt::format("log {}{}\n", log.key.text(), url_of(log.url));
  for (auto const& witness : witnesses_)
    out += fmt::format("witness {} {}{}\n", witness.name, witness.key.text(), url_of(witness.url));
  for (auto const& group : groups_)
    out += fmt::format("group {} {} {}\n", group.name, group.needed, fmt::join(group.members, " "));
  return out + fmt::format("quorum {}\n", quorum_);
}

PolicyVerdict Policy::judge(SignedCheckpoint const& checkpoint) const {
  PolicyVerdict verdict;
  verdict.quorum_none = quorum_ == "none";
  Times times;
  bool forged = false;
  for (auto const& witness : witnesses_) {
    auto judged = judge_witness(checkpoint.note, witness, forged);
    times[witness.name] = judged.counted ? std::optional{judged.time_s} : std::nullopt;
    verdict.witnesses.push_back(std::move(judged));
  }
  for (auto const& group : groups_) times[group.name] = time_of(group, times);

  auto log = judge_log(checkpoint, logs_);
  if (!log) {
    verdict.why = log.error().what;
    return verdict;
  }
  verdict.log_key = *std::move(log);
  if (forged) {
    verdict.why =
        "A signature in the name of a witness of the policy does not verify: the checkpoint was tampered with.";
    return verdict;
  }
  if (verdict.quorum_none) {
    verdict.accepted = true;
    verdict.why = "Signed by the log; the policy asks for no witness.";
    return verdict;
  }
  auto const time = times.at(quorum_);
  verdict.accepted = time.has_value();
  verdict.quorum_time_s = time.value_or(0);
  verdict.why = time ? fmt::format("Signed by the log and cosigned by the quorum {}.", shown(quorum_))
                     : missing_quorum(quorum_, verdict.witnesses);
  return verdict;
}

Result<PolicyVerdict> Policy::require(SignedCheckpoint const& checkpoint) const {
  auto verdict = judge(checkpoint);
  if (!verdict.accepted) return fail(Errc::invalid, "log_policy", verdict.why);
  return verdict;
}

}  // namespace fabrica::tlog
