#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>

#include "crypto/encoding.hpp"
#include "crypto/keyfile.hpp"
#include "crypto/sha256.hpp"
#include "journal/journal.hpp"
#include "tlog/proof.hpp"
#include "trust/impl/dossier.hpp"

namespace fabrica::trust {
namespace {

std::unexpected<Error> fault(std::string_view place, std::string_view what) {
  return fail(Errc::invalid, "dossier", fmt::format("{}: {}", place, what));
}

class Verifier {
 public:
  Verifier(std::string_view bytes, tlog::Policy const* policy) : bytes_{bytes}, policy_{policy} {}
  VerificationReport run();

 private:
  using Step = Result<std::string> (Verifier::*)();
  Result<std::string> archive();
  Result<std::string> index();
  Result<std::string> checkpoint();
  Result<std::string> statements();
  Result<std::string> proofs();
  Result<std::string> issue();
  Result<> layout();
  Result<StatementText> statement(std::int64_t number, std::string_view content);
  void say_what_it_shows();

  std::string_view const* find(std::string_view path) const;

  std::string_view bytes_;
  tlog::Policy const* policy_;
  VerificationReport report_;
  std::vector<ArchiveFile> files_;
  DossierIndex index_;
  tlog::SignedCheckpoint checkpoint_;
  std::int64_t count_ = 0;
  StatementText last_;
};

std::string_view const* Verifier::find(std::string_view path) const {
  auto const found = std::ranges::lower_bound(files_, path, {}, &ArchiveFile::path);
  return found != files_.end() && found->path == path ? &found->content : nullptr;
}

VerificationReport Verifier::run() {
  struct Named {
    std::string_view step;
    std::string_view title;
    Step check;
  };
  constexpr std::array kSteps{
      Named{"archive", "The archive is in the one form a dossier has", &Verifier::archive},
      Named{"files", "Every file is the one dossier.json names", &Verifier::index},
      Named{"checkpoint", "The checkpoint is signed as the policy asks", &Verifier::checkpoint},
      Named{"statements", "The statements form one complete chain", &Verifier::statements},
      Named{"proofs", "Every statement's commitment is in the log", &Verifier::proofs},
      Named{"issue", "The last statement names every document by digest", &Verifier::issue},
  };
  report_.verified = true;
  for (auto const& [step, title, check] : kSteps) {
    auto& noted = report_.steps.emplace_back(
        VerificationStep{std::string{step}, std::string{title}, StepOutcome::not_reached, {}});
    if (!report_.verified) continue;
    auto outcome = (this->*check)();
    noted.outcome = outcome ? StepOutcome::passed : StepOutcome::failed;
    noted.detail = outcome ? *std::move(outcome) : outcome.error().what;
    if (outcome) continue;
    report_.verified = false;
    report_.fault = noted.detail;
  }
  say_what_it_shows();
  return std::move(report_);
}

Result<std::string> Verifier::archive() {
  FABRICA_TRY(files_, read_archive(bytes_, kDossierBytesMax));
  FABRICA_DO(layout());
  return fmt::format("{} files, {} bytes, each at its place", files_.size(), bytes_.size());
}

// Only known paths; statements 1, 2, 3, ... with a proof each. Paths ascend, so one pass sees a gap.
Result<> Verifier::layout() {
  std::int64_t proofs = 0;
  for (auto const& file : files_) {
    if (file.path.starts_with("statements/")) {
      if (file.path != statement_path(count_ + 1))
        return fault(file.path,
                     fmt::format("a statement is missing or extra: {} should come here", statement_path(count_ + 1)));
      ++count_;
    } else if (file.path.starts_with("proofs/")) {
      if (file.path != proof_path(proofs + 1))
        return fault(file.path,
                     fmt::format("a proof is missing or extra: {} should come here", proof_path(proofs + 1)));
      ++proofs;
    } else if (file.path != kIndexPath && file.path != kCheckpointPath && !is_content_path(file.path)) {
      return fault(file.path, "a dossier has no such file");
    }
  }
  for (auto path : {kIndexPath, kCheckpointPath})
    if (!find(path)) return fault(path, "the file is missing");
  if (count_ == 0) return fault("statements/000001.json", "the file is missing");
  if (count_ > kDossierStatementsMax)
    return fault("statements/", fmt::format("more than {} statements", kDossierStatementsMax));
  if (proofs != count_) return fault("proofs/", fmt::format("{} proofs for {} statements", proofs, count_));
  return {};
}

// Reads JSON that must stand in RFC 8785 form with a newline after it.
template <class T>
Result<T> read_canonical(std::string_view path, std::string_view content) {
  auto const canonical = json::canonical(content, kJsonLimits);
  if (!canonical) return fault(path, canonical.error().what);
  if (content != *canonical + "\n")
    return fault(path, "not in the canonical form of RFC 8785 with one newline after it");
  auto value = json::read<T>(content, kJsonLimits);
  if (!value) return fault(path, value.error().what);
  return *std::move(value);
}

Result<std::string> Verifier::index() {
  FABRICA_TRY(index_, read_canonical<DossierIndex>(kIndexPath, *find(kIndexPath)));
  if (index_.format != kDossierFormat)
    return fault(kIndexPath,
                 fmt::format("format '{}' is not one this program verifies ({})", index_.format, kDossierFormat));
  if (index_.chain_length != count_)
    return fault(kIndexPath, fmt::format("it names {} statements, there are {}", index_.chain_length, count_));
  std::size_t at = 0;
  for (auto const& file : files_) {
    if (file.path == kIndexPath) continue;
    if (at == index_.files.size() || index_.files[at].path > file.path)
      return fault(file.path, "dossier.json does not name this file");
    if (index_.files[at].path < file.path)
      return fault(index_.files[at].path, "dossier.json names this file, but it is missing");
    if (index_.files[at] != file_entry(file.path, file.content))
      return fault(file.path, "its SHA-256 or size is not the one dossier.json names");
    ++at;
  }
  if (at != index_.files.size()) return fault(index_.files[at].path, "dossier.json names this file, but it is missing");
  report_.project = index_.project;
  report_.chain_length = count_;
  return fmt::format("{} files agree with dossier.json", at);
}

Result<std::string> Verifier::checkpoint() {
  auto const content = *find(kCheckpointPath);
  auto parsed = tlog::SignedCheckpoint::parse(content);
  if (!parsed) return fault(kCheckpointPath, parsed.error().what);
  checkpoint_ = *std::move(parsed);
  if (checkpoint_.encode() != content) return fault(kCheckpointPath, "not in the one form a signed checkpoint has");
  auto const& head = checkpoint_.checkpoint;
  if (head.origin != index_.log_origin)
    return fault(kIndexPath,
                 fmt::format("it names the log '{}', the checkpoint is of '{}'", index_.log_origin, head.origin));
  report_.log_origin = head.origin;
  report_.log_size = static_cast<std::int64_t>(head.size);
  report_.log_root = head.root.hex();
  if (!policy_) return "signatures not judged: no policy";
  auto const verdict = policy_->judge(checkpoint_);
  report_.log_key = verdict.log_key;
  report_.witnesses_required = !verdict.quorum_none;
  if (verdict.quorum_time_s != 0)
    report_.seen_by_quorum = format_time(static_cast<Micros>(verdict.quorum_time_s) * kSecond);
  for (auto const& w : verdict.witnesses)
    report_.witnesses.push_back(
        {w.name, w.counted, w.time_s ? format_time(static_cast<Micros>(w.time_s) * kSecond) : "", w.why});
  if (!verdict.accepted) return fault(kCheckpointPath, verdict.why);
  return fmt::format("log {} at {} entries. {}", head.origin, head.size, verdict.why);
}

Result<StatementText> Verifier::statement(std::int64_t number, std::string_view content) {
  auto const path = statement_path(number);
  FABRICA_TRY(auto file, read_canonical<StatementFile>(path, content));
  if (file.number != number) return fault(path, fmt::format("its file says number {}", file.number));
  auto const salt = crypto::base64_decode(file.salt);
  if (!salt || salt->size() != 16) return fault(path, "its salt is not 16 bytes in base64");
  // Between "statement": and the closing brace stand the very bytes that were committed to.
  constexpr std::string_view kBefore = "\"statement\":";
  auto const start = content.find(kBefore) + kBefore.size();
  auto const canonical = content.substr(start, content.size() - start - 2);
  auto text = json::read<StatementText>(canonical, kJsonLimits);
  if (!text) return fault(path, text.error().what);
  auto const& predicate = text->predicate;
  if (text->_type != "https://in-toto.io/Statement/v1") return fault(path, "not an in-toto Statement v1");
  constexpr std::string_view kPrefix = "urn:fabrica:statement:";
  std::string_view kind = text->predicateType;
  if (!kind.starts_with(kPrefix) || !kind.ends_with(":v1") || kind.size() <= kPrefix.size() + 3)
    return fault(path, fmt::format("'{}' is no kind of statement of Fabrica", kind));
  kind = kind.substr(kPrefix.size(), kind.size() - kPrefix.size() - 3);
  if (predicate.chain != index_.project)
    return fault(path,
                 fmt::format("it belongs to the chain {}, the dossier is of {}", predicate.chain, index_.project));
  if (predicate.number != number)
    return fault(path, fmt::format("the statement itself has number {}", predicate.number));
  auto const previous = number == 1 ? std::string{journal::kNoPrevious} : report_.statements.back().commitment;
  if (predicate.previous != previous)
    return fault(path, number == 1 ? "the first statement names one before it"
                                   : fmt::format("it does not name the commitment of statement {} as the one before it",
                                                 number - 1));
  report_.statements.push_back({number, std::string{kind}, format_time(predicate.time.us),
                                journal::commitment_of(*salt, canonical), file.index});
  return *std::move(text);
}

Result<std::string> Verifier::statements() {
  for (std::int64_t number = 1; number <= count_; ++number) {
    FABRICA_TRY(last_, statement(number, *find(statement_path(number))));
  }
  return fmt::format("{} statements of the chain {}, none missing between the first and the last", count_,
                     index_.project);
}

Result<std::string> Verifier::proofs() {
  auto const content_of_checkpoint = *find(kCheckpointPath);
  std::int64_t before = -1;
  for (auto const& seen : report_.statements) {
    auto const path = proof_path(seen.number);
    auto const content = *find(path);
    auto const proof = tlog::LogProof::parse(content);
    if (!proof) return fault(path, proof.error().what);
    if (proof->encode() != content || proof->extra) return fault(path, "not in the one form a proof of a dossier has");
    if (proof->checkpoint.encode() != content_of_checkpoint)
      return fault(path, "its checkpoint is not the file checkpoint");
    if (static_cast<std::int64_t>(proof->index) != seen.log_index)
      return fault(path,
                   fmt::format("it is of the log's entry {}, the statement names {}", proof->index, seen.log_index));
    if (seen.log_index <= before)
      return fault(statement_path(seen.number), fmt::format("entry {} of the log stands before that of statement {}",
                                                            seen.log_index, seen.number - 1));
    before = seen.log_index;
    auto const leaf = tlog::leaf_hash(as_bytes(journal::log_entry(seen.commitment)));
    auto const& head = checkpoint_.checkpoint;
    if (!tlog::verify_inclusion(proof->index, head.size, leaf, proof->hashes, head.root))
      return fault(statement_path(seen.number),
                   fmt::format("its commitment differs from log entry {} ({} does not lead to the checkpoint's root)",
                               seen.log_index, path));
  }
  return fmt::format("{} commitments are in the log, in the order of the chain", report_.statements.size());
}

Result<std::string> Verifier::issue() {
  auto const path = statement_path(count_);
  if (report_.statements.back().kind != kIssuedKind)
    return fault(path, fmt::format("the last statement is {}, not {}: the end of the chain is cut off",
                                   report_.statements.back().kind, kIssuedKind));
  auto const body = json::read<IssuedBody>(last_.predicate.body.text, kJsonLimits);
  if (!body) return fault(path, body.error().what);
  if (body->chain_length != count_)
    return fault(path, fmt::format("it names {} statements, there are {}", body->chain_length, count_));
  std::vector<DossierFile> contents;
  for (auto const& file : index_.files)
    if (is_content_path(file.path)) contents.push_back(file);
  auto const [there, named] = std::ranges::mismatch(contents, body->files);
  if (there != contents.end() || named != body->files.end()) {
    bool const gone = there == contents.end() || (named != body->files.end() && named->path < there->path);
    auto const& which = gone ? named->path : there->path;
    return fault(which, gone ? fmt::format("{} names this file, but it is missing", path)
                             : fmt::format("it is not the file {} names by digest", path));
  }
  report_.files = std::move(contents);
  return fmt::format("statement {} names all {} documents and model files", count_, report_.files.size());
}

void Verifier::say_what_it_shows() {
  auto& no = report_.not_proved;
  no.emplace_back("That the statements are true: a log shows what was said, by whom and in which order.");
  no.emplace_back(
      "That nothing happened which was never recorded: the numbers show omissions between statements, not silence.");
  no.emplace_back("That no statement followed this dossier.");
  if (report_.witnesses_required) {
    no.emplace_back(
        "That the factory and all the witnesses of the quorum did not act together, and what was rewritten before they "
        "first saw the log.");
  } else {
    no.emplace_back(
        "That others are shown the same history: the policy asks for no witness, so the factory alone vouches for its "
        "log.");
  }
  no.emplace_back(
      "When something happened: the times in the statements are the factory's own; neither they nor a witness's are "
      "qualified electronic timestamps.");
  no.emplace_back("Conformity with the AI Act: this is neither a conformity assessment nor legal advice.");
  if (!report_.verified) return;
  auto& yes = report_.proved;
  yes.push_back(fmt::format(
      "These {} statements are the project's chain from its first to statement {}, unchanged and without a gap.",
      count_, count_));
  yes.push_back(fmt::format("Each was in the log {} when it had {} entries, in this order.", report_.log_origin,
                            report_.log_size));
  yes.push_back(fmt::format("The {} documents and model files are those the last statement names by SHA-256.",
                            report_.files.size()));
  if (!report_.seen_by_quorum.empty())
    yes.push_back(
        fmt::format("The quorum of witnesses in the policy had seen this history by {}; it was not rewritten after "
                    "they first saw it.",
                    report_.seen_by_quorum));
}

}  // namespace

VerificationReport examine(std::string_view bytes, tlog::Policy const* policy) { return Verifier{bytes, policy}.run(); }

VerificationReport verify_dossier(std::string_view bytes, tlog::Policy const& policy) {
  return examine(bytes, &policy);
}

Result<VerificationReport> verify_dossier_file(std::filesystem::path const& path, tlog::Policy const& policy) {
  FABRICA_TRY(auto const bytes, crypto::read_file(path, kDossierBytesMax));
  return verify_dossier(as_text(bytes), policy);
}

std::string render_text(VerificationReport const& report) {
  std::string out;
  for (auto const& step : report.steps) {
    auto const mark = step.outcome == StepOutcome::passed   ? "ok  "
                      : step.outcome == StepOutcome::failed ? "FAIL"
                                                            : "--  ";
    out += fmt::format("{}  {}\n", mark, step.title);
    if (!step.detail.empty()) out += fmt::format("      {}\n", step.detail);
  }
  for (auto const& witness : report.witnesses)
    out += fmt::format("witness {}: {}\n", witness.name, witness.counted ? "cosigned " + witness.time : witness.why);
  out += report.verified ? "\nVERIFIED\n" : fmt::format("\nREFUSED\n{}\n", report.fault);
  if (!report.proved.empty()) out += "\nProved:\n";
  for (auto const& sentence : report.proved) out += fmt::format("  + {}\n", sentence);
  out += "\nNot proved:\n";
  for (auto const& sentence : report.not_proved) out += fmt::format("  - {}\n", sentence);
  return out;
}

}  // namespace fabrica::trust
