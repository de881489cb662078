#include "trust/dossier.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "base/random.hpp"
#include "crypto/sha256.hpp"
#include "journal/journal.hpp"
#include "json/json.hpp"
#include "tlog/note.hpp"
#include "tlog/proof.hpp"
#include "trust/impl/dossier.hpp"
#include "trust/testing/synthetic.hpp"

namespace fabrica::trust {
namespace {

constexpr std::string_view kProject = "019f0000-0000-7000-8000-000000000001";
constexpr std::uint64_t kCosigned_s = 1'795'000'000;

// What a statement says; the rest of the world is made from it.
struct Draft {
  std::string kind;
  std::string body;
};

struct World {
  DossierParts parts;
  std::string policy;  // two of three witnesses
  std::string log_key;
  std::vector<std::string> witness_keys;
};

using Hashes = std::vector<tlog::Hash>;

// RFC 9162 section 2.1.1 and 2.1.3.1, written as they stand there.
tlog::Hash tree_root(std::span<tlog::Hash const> leaves) {
  if (leaves.size() == 1) return leaves[0];
  std::size_t k = 1;
  while (k * 2 < leaves.size()) k *= 2;
  return tlog::node_hash(tree_root(leaves.first(k)), tree_root(leaves.subspan(k)));
}
tlog::Proof path_of(std::size_t m, std::span<tlog::Hash const> leaves) {
  if (leaves.size() == 1) return {};
  std::size_t k = 1;
  while (k * 2 < leaves.size()) k *= 2;
  auto out = m < k ? path_of(m, leaves.first(k)) : path_of(m - k, leaves.subspan(k));
  out.push_back(m < k ? tree_root(leaves.subspan(k)) : tree_root(leaves.first(k)));
  return out;
}

std::string statement_json(Draft const& draft, std::int64_t number, std::string const& previous,
                           std::string_view chain = kProject) {
  return json::canonical(
             fmt::format(
                 R"({{"_type":"https://in-toto.io/Statement/v1","subject":[{{"name":"body","digest":{{"sha256":"{}"}}}}],)"
                 R"("predicateType":"urn:fabrica:statement:{}:v1","predicate":{{"actor":"fabrica","body":{},"chain":"{}",)"
                 R"("number":{},"previous":"{}","time":"2026-11-23T10:0{}:00Z"}}}})",
                 crypto::sha256(draft.body).hex(), draft.kind, draft.body, chain, number, previous, number % 10))
      .value();
}

// A log in which each statement of the project stands between entries of others; `sign_with` other than 1 is another
// log key.
World world_of(std::vector<Draft> const& drafts, std::vector<DossierContent> const& contents,
               std::uint64_t log_seed = 1, int witnesses_that_sign = 3) {
  World out;
  SeededRandom salts{7};
  Hashes leaves;
  std::string previous{journal::kNoPrevious};
  auto const others = [&] {
    leaves.push_back(tlog::leaf_hash(as_bytes("another project's entry " + std::to_string(leaves.size()))));
  };
  others();
  for (auto const& draft : drafts) {
    DossierStatement statement;
    statement.number = static_cast<std::int64_t>(out.parts.statements.size()) + 1;
    statement.canonical = statement_json(draft, statement.number, previous);
    statement.salt.resize(16);
    salts.fill(statement.salt);
    statement.index = leaves.size();
    previous = journal::commitment_of(statement.salt, statement.canonical);
    leaves.push_back(tlog::leaf_hash(as_bytes(journal::log_entry(previous))));
    others();
    out.parts.statements.push_back(std::move(statement));
  }
  for (auto& statement : out.parts.statements) statement.proof = path_of(statement.index, leaves);
  SeededRandom keys{log_seed};
  SeededRandom witness_keys{2};
  auto const log = tlog::SignerKey::generate("factory.example/log", tlog::KeyType::ed25519, keys).value();
  out.parts.checkpoint = tlog::sign_checkpoint({log.name(), leaves.size(), tree_root(leaves), {}}, log).value();
  out.log_key = log.verifier().text();
  out.policy = fmt::format("log {}\n", out.log_key);
  std::string members;
  for (int i = 0; i < 3; ++i) {
    auto const key =
        tlog::SignerKey::generate(fmt::format("witness{}.example", i), tlog::KeyType::cosignature_ed25519, witness_keys)
            .value();
    if (i < witnesses_that_sign)
      out.parts.checkpoint.note.signatures.push_back(
          tlog::cosign(out.parts.checkpoint.note.text, key, kCosigned_s + static_cast<unsigned>(i)).value());
    out.witness_keys.push_back(key.verifier().text());
    out.policy += fmt::format("witness w{} {}\n", i, out.witness_keys.back());
    members += fmt::format(" w{}", i);
  }
  out.policy += fmt::format("group peers 2{}\nquorum peers\n", members);
  out.parts.project = kProject;
  out.parts.contents = contents;
  return out;
}

std::vector<DossierContent> small_contents() {
  return {{"documents/final_report.html", "<p>report</p>"},
          {"documents/final_report.json", "{}\n"},
          {"model/manifest.json", "{\"files\":[]}\n"}};
}

std::vector<Draft> small_drafts(std::vector<DossierContent> const& contents) {
  std::vector<Draft> drafts{{"project.created", R"({"title":"x"})"},
                            {"job.ended", R"({"exit":0,"ratio":0.1})"},
                            {"artefact.produced", R"({"é":"☃"})"}};
  drafts.push_back({std::string{kIssuedKind}, issued_body(contents, 4).value()});
  return drafts;
}

World small_world(std::uint64_t log_seed = 1, int witnesses = 3) {
  return world_of(small_drafts(small_contents()), small_contents(), log_seed, witnesses);
}

tlog::Policy policy_of(std::string_view text) { return tlog::Policy::parse(text).value(); }

std::string built(World const& world) {
  auto bytes = build_dossier(world.parts);
  EXPECT_TRUE(bytes) << bytes.error().what;
  return bytes ? *std::move(bytes) : std::string{};
}

// The files of a dossier, to be changed and packed again with a dossier.json that agrees: what a careful forger would
// do.
std::vector<DossierContent> files_of(std::string_view bytes) {
  std::vector<DossierContent> out;
  auto const files = read_archive(bytes, kDossierBytesMax).value();
  for (auto const& file : files) out.push_back({std::string{file.path}, std::string{file.content}});
  return out;
}
std::string& content(std::vector<DossierContent>& files, std::string_view path) {
  return std::ranges::find(files, path, &DossierContent::path)->content;
}
std::string packed(std::vector<DossierContent> files, std::int64_t chain_length,
                   std::string_view origin = "factory.example/log") {
  std::erase_if(files, [](auto const& file) { return file.path == kIndexPath; });
  std::ranges::sort(files, {}, &DossierContent::path);
  DossierIndex index{std::string{kDossierFormat}, std::string{origin}, std::string{kProject}, chain_length, {}};
  for (auto const& file : files) index.files.push_back(file_entry(file.path, file.content));
  files.push_back({std::string{kIndexPath}, json::canonical(json::write(index)).value() + "\n"});
  std::ranges::sort(files, {}, &DossierContent::path);
  std::vector<ArchiveFile> views;
  for (auto const& file : files) views.push_back({file.path, file.content});
  return write_archive(views, kDossierBytesMax).value();
}

testing::AssertionResult refused_at(std::string_view bytes, std::string_view policy, std::string_view place) {
  auto const report = verify_dossier(bytes, policy_of(policy));
  if (report.verified) return testing::AssertionFailure() << "was verified";
  if (report.fault.find(place) == std::string::npos) return testing::AssertionFailure() << "says: " << report.fault;
  if (!report.proved.empty()) return testing::AssertionFailure() << "claims to prove something";
  return testing::AssertionSuccess();
}

TEST(Dossier, VerifiesAgainstAPolicyAndSaysWhatItShows) {
  auto const world = small_world();
  auto const report = verify_dossier(built(world), policy_of(world.policy));
  EXPECT_TRUE(report.verified) << report.fault;
  EXPECT_EQ(report.chain_length, 4);
  EXPECT_EQ(report.files.size(), 3U);
  EXPECT_EQ(report.project, kProject);
  EXPECT_EQ(report.witnesses.size(), 3U);
  EXPECT_FALSE(report.seen_by_quorum.empty());
  EXPECT_EQ(report.proved.size(), 4U);
  for (auto const& step : report.steps) EXPECT_EQ(step.outcome, StepOutcome::passed) << step.step;
  EXPECT_EQ(report.statements[2].kind, "artefact.produced");
  EXPECT_NE(render_text(report).find("VERIFIED"), std::string::npos);
}

TEST(Dossier, IsTheSameBytesEachTime) { EXPECT_EQ(built(small_world()), built(small_world())); }

TEST(Dossier, OfRealDocumentsVerifies) {
  auto const e = synthetic::evidence();
  std::vector<DossierContent> contents;
  for (auto kind : {DocumentKind::gpai_documentation, DocumentKind::training_content_summary,
                    DocumentKind::assessment_record, DocumentKind::final_report}) {
    auto const document = make_document(kind, e, false);
    auto const name = fmt::format("documents/{}", json::enum_name(kind));
    contents.push_back({name + ".html", render_html(document)});
    contents.push_back({name + ".json", render_json(document)});
  }
  contents.push_back({"model/manifest.json", model_manifest(e).value()});
  auto const world = world_of(small_drafts(contents), contents);
  auto const bytes = built(world);
  EXPECT_TRUE(verify_dossier(bytes, policy_of(world.policy)).verified);
  EXPECT_EQ(manifest_of(bytes).value(), model_manifest(e).value());
}

TEST(Dossier, IsReadByAnOrdinaryZipLibrary) {
  auto const bytes = built(small_world());
  std::unique_ptr<archive, decltype(&archive_read_free)> const zip{archive_read_new(), archive_read_free};
  archive_read_support_format_zip(zip.get());
  ASSERT_EQ(archive_read_open_memory(zip.get(), bytes.data(), bytes.size()), ARCHIVE_OK)
      << archive_error_string(zip.get());
  auto const expected = files_of(bytes);
  std::size_t at = 0;
  for (archive_entry* entry = nullptr; archive_read_next_header(zip.get(), &entry) == ARCHIVE_OK; ++at) {
    ASSERT_LT(at, expected.size());
    EXPECT_EQ(archive_entry_pathname(entry), expected[at].path);
    std::string text(expected[at].content.size() + 1, '\0');
    auto const size = archive_read_data(zip.get(), text.data(), text.size());
    ASSERT_GE(size, 0) << archive_error_string(zip.get());
    text.resize(static_cast<std::size_t>(size));
    EXPECT_EQ(text, expected[at].content);
  }
  EXPECT_EQ(at, expected.size());
}

// One position in 37 by default, all of them and both a low and a high bit with FABRICA_ALL_POSITIONS=1 (./test --all).
TEST(Dossier, RefusesOneChangedByteAnywhere) {
  auto const world = small_world();
  auto const bytes = built(world);
  auto const policy = policy_of(world.policy);
  bool const all = std::getenv("FABRICA_ALL_POSITIONS") != nullptr;
  for (std::size_t at = 0; at < bytes.size(); at += all ? 1 : 37)
    for (auto const flip : {0x01, 0x20, 0x80}) {
      auto changed = bytes;
      changed[at] = static_cast<char>(changed[at] ^ flip);
      auto const report = verify_dossier(changed, policy);
      ASSERT_FALSE(report.verified) << "byte " << at << " of " << bytes.size();
      ASSERT_FALSE(report.fault.empty());
      if (!all) break;
    }
}

TEST(Dossier, RefusesAChangedByteWithAnArchiveAndAListThatAgree) {
  // Past the archive's own checks: each file changed in turn, CRC-32 and dossier.json made to fit.
  auto const world = small_world();
  auto const files = files_of(built(world));
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (files[i].path == kIndexPath) continue;
    // A cosignature nobody needs may be changed by whoever packs: two of three suffice. Changed in one file alone it is
    // refused.
    for (std::size_t at = 0; at < files[i].content.size(); at += 97) {
      auto changed = files;
      changed[i].content[at] = static_cast<char>(changed[i].content[at] ^ 0x01);
      auto const report = verify_dossier(packed(changed, 4), policy_of(world.policy));
      ASSERT_FALSE(report.verified) << files[i].path << " byte " << at;
    }
  }
}

TEST(Dossier, RefusesWhatIsCutOffOrAppended) {
  auto const world = small_world();
  auto const bytes = built(world);
  auto const policy = policy_of(world.policy);
  for (std::size_t size = 0; size < bytes.size(); size += 211)
    EXPECT_FALSE(verify_dossier(std::string_view{bytes}.substr(0, size), policy).verified) << size;
  EXPECT_FALSE(verify_dossier(bytes + "x", policy).verified);
  EXPECT_FALSE(verify_dossier("x" + bytes, policy).verified);
  EXPECT_FALSE(verify_dossier(bytes + bytes, policy).verified);
  // An archive comment: length set and text appended.
  auto commented = bytes + "hi";
  commented[bytes.size() - 2] = 2;
  EXPECT_FALSE(verify_dossier(commented, policy).verified);
}

TEST(Dossier, RefusesAnOmittedStatement) {
  auto const world = small_world();
  auto files = files_of(built(world));
  std::erase_if(
      files, [](auto const& f) { return f.path == "statements/000002.json" || f.path == "proofs/000002.tlog-proof"; });
  EXPECT_TRUE(refused_at(packed(files, 3), world.policy, "proofs/000003.tlog-proof: a proof is missing"));
  // Renumbered files: the statements themselves tell.
  for (auto& file : files)
    for (int n = 3; n <= 4; ++n) {
      if (file.path == statement_path(n)) {
        file.path = statement_path(n - 1);
        auto const at = file.content.find(fmt::format("\"number\":{},\"salt\"", n));
        file.content[at + 9] = static_cast<char>('0' + n - 1);
      } else if (file.path == proof_path(n)) {
        file.path = proof_path(n - 1);
      }
    }
  EXPECT_TRUE(refused_at(packed(files, 3), world.policy, "statements/000002.json: the statement itself has number 3"));
}

TEST(Dossier, RefusesACutTail) {
  auto const world = small_world();
  auto files = files_of(built(world));
  std::erase_if(files, [](auto const& f) { return f.path == statement_path(4) || f.path == proof_path(4); });
  EXPECT_TRUE(refused_at(packed(files, 3), world.policy, "the end of the chain is cut off"));
}

TEST(Dossier, RefusesStatementsInAnotherOrder) {
  auto const world = small_world();
  auto files = files_of(built(world));
  std::swap(content(files, statement_path(2)), content(files, statement_path(3)));
  EXPECT_TRUE(refused_at(packed(files, 4), world.policy, "statements/000002.json: its file says number 3"));
}

TEST(Dossier, RefusesSwappedDocuments) {
  auto const world = small_world();
  auto files = files_of(built(world));
  std::swap(content(files, "documents/final_report.html"), content(files, "documents/final_report.json"));
  EXPECT_TRUE(refused_at(packed(files, 4), world.policy,
                         "documents/final_report.html: it is not the file statements/000004.json names"));
  files = files_of(built(world));
  files.push_back({"documents/more.html", "extra"});
  EXPECT_TRUE(refused_at(packed(files, 4), world.policy, "documents/more.html"));
  std::erase_if(files, [](auto const& f) { return f.path.starts_with("documents/"); });
  EXPECT_TRUE(refused_at(packed(files, 4), world.policy,
                         "documents/final_report.html: statements/000004.json names this file, but it is missing"));
}

TEST(Dossier, RefusesARewrittenHistoryByAnotherKey) {
  auto const world = small_world();
  EXPECT_TRUE(refused_at(built(small_world(99)), world.policy, "checkpoint:"));
}

TEST(Dossier, RefusesARewrittenHistoryTheWitnessesDidNotSee) {
  // The same log key signs another history; no witness cosigns a second one.
  auto const world = small_world();
  auto drafts = small_drafts(small_contents());
  drafts[1].body = R"({"exit":1})";
  auto rewritten = world_of(drafts, small_contents(), 1, 0);
  EXPECT_TRUE(refused_at(built(rewritten), world.policy, "checkpoint:"));
  rewritten.parts.checkpoint.note.signatures.push_back(world.parts.checkpoint.note.signatures[1]);
  rewritten.parts.checkpoint.note.signatures.push_back(world.parts.checkpoint.note.signatures[2]);
  EXPECT_TRUE(refused_at(built(rewritten), world.policy, "checkpoint:"));
}

TEST(Dossier, NeedsItsQuorumOfWitnesses) {
  EXPECT_TRUE(refused_at(built(small_world(1, 1)), small_world().policy, "checkpoint:"));
  auto const two = small_world(1, 2);
  EXPECT_TRUE(verify_dossier(built(two), policy_of(two.policy)).verified);
}

TEST(Dossier, WithoutWitnessesInThePolicySaysWhatIsNotShown) {
  auto const world = small_world(1, 0);
  auto const report = verify_dossier(built(world), policy_of(fmt::format("log {}\nquorum none\n", world.log_key)));
  EXPECT_TRUE(report.verified) << report.fault;
  EXPECT_FALSE(report.witnesses_required);
  EXPECT_TRUE(std::ranges::any_of(report.not_proved,
                                  [](auto const& s) { return s.find("the factory alone") != std::string::npos; }));
}

TEST(Dossier, RefusesTheProofOfAnotherEntry) {
  auto const world = small_world();
  auto files = files_of(built(world));
  std::swap(content(files, proof_path(2)), content(files, proof_path(3)));
  EXPECT_TRUE(refused_at(packed(files, 4), world.policy,
                         "proofs/000002.tlog-proof: it is of the log's entry 5, the statement names 3"));
  // The index written to fit: the path through the tree does not.
  files = files_of(built(world));
  auto& proof = content(files, proof_path(2));
  auto const other = tlog::LogProof::parse(content(files, proof_path(3))).value();
  auto forged = tlog::LogProof::parse(proof).value();
  forged.hashes = other.hashes;
  proof = forged.encode();
  EXPECT_TRUE(
      refused_at(packed(files, 4), world.policy, "statements/000002.json: its commitment differs from log entry 3"));
}

TEST(Dossier, RefusesAProofWithMoreInIt) {
  auto const world = small_world();
  auto files = files_of(built(world));
  auto proof = tlog::LogProof::parse(content(files, proof_path(1))).value();
  proof.extra = Bytes{1, 2, 3};
  content(files, proof_path(1)) = proof.encode();
  EXPECT_TRUE(refused_at(packed(files, 4), world.policy, "proofs/000001.tlog-proof: not in the one form"));
}

TEST(Dossier, RefusesAStatementOfAnotherChain) {
  auto world = small_world();
  world.parts.statements[0].canonical =
      statement_json({"project.created", "{}"}, 1, std::string{journal::kNoPrevious}, "factory");
  auto const refused = build_dossier(world.parts);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().what.find("statements/000001.json: it belongs to the chain factory"), std::string::npos);
}

TEST(Dossier, IsNotBuiltWithTheWrongIssue) {
  auto drafts = small_drafts(small_contents());
  drafts.back().body = issued_body(small_contents(), 5).value();
  auto refused = build_dossier(world_of(drafts, small_contents()).parts);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().what.find("it names 5 statements, there are 4"), std::string::npos);
  auto world = small_world();
  world.parts.contents[0].content += " ";
  EXPECT_FALSE(build_dossier(world.parts));
  world.parts.contents[0].path = "../etc/passwd";
  EXPECT_EQ(build_dossier(world.parts).error().reason, "dossier_path");
}

TEST(Archive, HasNoPathOutOfItsFolder) {
  for (auto path : {"/etc/passwd", "a/../b", "..", "a//b", "a/", "", "A", "a\\b", "c:", "a b", "documents/\xc3\xa9"})
    EXPECT_FALSE(is_archive_path(path)) << path;
  for (auto path : {"checkpoint", "documents/a-b_c.html", "..a", "a/b/c.json"})
    EXPECT_TRUE(is_archive_path(path)) << path;
  EXPECT_FALSE(write_archive({{"/a", ""}}, 1000));
  EXPECT_FALSE(write_archive({{"a", ""}, {"a", ""}}, 1000));
  EXPECT_FALSE(write_archive({{"b", ""}, {"a", ""}}, 1000));
  EXPECT_FALSE(write_archive({{"a", "12345"}}, 50));
}

TEST(Archive, KnowsItsCrc) {
  EXPECT_EQ(crc32("123456789"), 0xcbf43926U);  // the check value of CRC-32/ISO-HDLC
  EXPECT_EQ(crc32(""), 0U);
}

TEST(Archive, RefusesDuplicatesAbsolutePathsAndDeflatedFiles) {
  auto const good = write_archive({{"aa", "one"}, {"ab", "two"}}, 1000).value();
  ASSERT_TRUE(read_archive(good, 1000));
  auto const renamed = [&](std::string_view from, std::string_view to) {
    auto bytes = good;
    for (auto at = bytes.find(from); at != bytes.npos; at = bytes.find(from, at + 1))
      bytes.replace(at, from.size(), to);
    return bytes;
  };
  EXPECT_NE(read_archive(renamed("ab", "aa"), 1000).error().what.find("twice"), std::string::npos);
  EXPECT_FALSE(read_archive(renamed("ab", "/b"), 1000));
  EXPECT_FALSE(read_archive(renamed("ab", ".."), 1000));
  EXPECT_FALSE(read_archive(renamed("aa", "zz"), 1000));
  // Local and central header that differ.
  auto differing = good;
  differing[differing.rfind("ab") + 1] = 'c';
  EXPECT_NE(read_archive(differing, 1000).error().what.find("directory"), std::string::npos);
  // Method 8 in both headers.
  auto deflated = good;
  deflated[8] = 8;
  deflated[deflated.find("PK\x01\x02") + 10] = 8;
  EXPECT_FALSE(read_archive(deflated, 1000));
}

TEST(Archive, RefusesSizesThatPromiseMoreThanThereIs) {
  auto bytes = write_archive({{"a", "one"}}, 1000).value();
  for (std::size_t at : {18U, 19U, 20U, 21U, 26U, 27U}) {
    auto changed = bytes;
    changed[at] = '\xff';
    EXPECT_FALSE(read_archive(changed, 1000)) << at;
  }
  EXPECT_EQ(read_archive(std::string(2000, 'x'), 1000).error().code, Errc::too_large);
}

}  // namespace
}  // namespace fabrica::trust
