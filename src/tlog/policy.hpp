#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "tlog/checkpoint.hpp"
#include "tlog/note.hpp"

namespace fabrica::tlog {

inline constexpr std::size_t kPolicyBytesMax = 256 * 1024;
inline constexpr std::size_t kPolicyNamesMax = 1024;

struct PolicyLog {
  VerifierKey key;
  std::string url;
};
struct PolicyWitness {
  std::string name;
  VerifierKey key;
  std::string url;
};
// Counts when at least `needed` of its members count.
struct PolicyGroup {
  std::string name;
  std::size_t needed = 0;
  std::vector<std::string> members;
};

// What one witness of the policy contributed to one checkpoint.
struct WitnessVerdict {
  std::string name;      // as the policy calls it
  std::string key_name;  // as the witness signs
  bool counted = false;
  std::uint64_t time_s = 0;  // when it says it cosigned; 0 where it did not count
  std::string why;           // why it did not count; empty where it did
};

struct PolicyVerdict {
  bool accepted = false;
  std::string why;                  // a sentence: what is missing, or by whom it was accepted
  std::string log_key;              // vkey of the log that signed; empty if none
  bool quorum_none = false;         // the policy asks for no witness: nothing shows one history for all
  std::uint64_t quorum_time_s = 0;  // by then the quorum had seen it; 0 without witnesses
  std::vector<WitnessVerdict> witnesses;
};

// c2sp.org/tlog-policy: the logs and witnesses an auditor trusts, and how many witnesses suffice.
class Policy {
 public:
  // Errors: invalid "policy", with the line.
  static Result<Policy> parse(std::string_view text);
  // The policy without comments, one line each in the order given.
  std::string text() const;

  std::vector<PolicyLog> const& logs() const { return logs_; }
  std::vector<PolicyWitness> const& witnesses() const { return witnesses_; }
  std::vector<PolicyGroup> const& groups() const { return groups_; }
  // The name of a witness or group, or "none".
  std::string const& quorum() const { return quorum_; }

  // Never fails: says what counted and what did not.
  PolicyVerdict judge(SignedCheckpoint const& checkpoint) const;
  // The same, as a refusal unless accepted. Errors: invalid "log_policy".
  Result<PolicyVerdict> require(SignedCheckpoint const& checkpoint) const;

 private:
  friend class PolicyParser;
  std::vector<PolicyLog> logs_;
  std::vector<PolicyWitness> witnesses_;
  std::vector<PolicyGroup> groups_;
  std::string quorum_;
};

}  // namespace fabrica::tlog
