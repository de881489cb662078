#pragma once

#include <memory>
#include <string>

#include "http/client.hpp"
#include "journal/sequencer.hpp"

namespace fabrica::journal {

// Witnesses over HTTP (c2sp.org/tlog-witness). For the sequencer's one thread.
class HttpWitnesses final : public WitnessClient {
 public:
  Result<tlog::WitnessAnswer> add_checkpoint(WitnessPeer const& witness, std::string const& body) override;

 private:
  http::Client client_;
};

// "<vkey> <address>", as the settings have it. Errors: invalid "witness".
Result<WitnessPeer> parse_witness(std::string_view line);

}  // namespace fabrica::journal
