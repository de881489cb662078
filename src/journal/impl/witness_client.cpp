#include "journal/witness_client.hpp"

#include <fmt/format.h>

namespace fabrica::journal {

Result<tlog::WitnessAnswer> HttpWitnesses::add_checkpoint(WitnessPeer const& witness, std::string const& body) {
  http::ClientRequest request;
  request.method = "POST";
  request.url = witness.url + "/add-checkpoint";
  request.headers.set("Content-Type", "text/plain; charset=utf-8");
  request.body = body;
  request.timeout_us = 5 * kSecond;
  request.answer_bytes_max = tlog::kNoteBytesMax;
  auto const answer = client_.send(request);
  if (!answer)
    return fail(Errc::unavailable, "witness",
                fmt::format("{} at {}: {}", witness.key.name(), witness.url, answer.error().what));
  return tlog::WitnessAnswer{answer->status, std::string{answer->headers.get("Content-Type")}, answer->body, false};
}

Result<WitnessPeer> parse_witness(std::string_view line) {
  auto const space = line.find(' ');
  auto url = space == std::string_view::npos ? std::string{} : std::string{line.substr(space + 1)};
  while (url.ends_with('/')) url.pop_back();
  if (!url.starts_with("http://") && !url.starts_with("https://"))
    return fail(Errc::invalid, "witness", "A witness is written \"<vkey> <http or https address>\".");
  FABRICA_TRY(auto key, tlog::VerifierKey::parse(line.substr(0, space)));
  if (key.type() != tlog::KeyType::cosignature_ed25519)
    return fail(Errc::invalid, "witness", fmt::format("{} is not a cosigner's key.", key.name()));
  return WitnessPeer{std::move(key), std::move(url)};
}

}  // namespace fabrica::journal
