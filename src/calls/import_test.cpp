#include "calls/import.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "calls/testing/import.hpp"

namespace fabrica::calls {
namespace {

std::vector<std::string> faults_of(std::string_view document, std::string_view csv = "") {
  auto const read = read_import(document, csv);
  if (read) return {"none"};
  std::vector<std::string> out;
  for (auto const& one : read.error().faults) out.push_back(one.pointer);
  return out.empty() ? std::vector{read.error().reason} : out;
}

using Pointers = std::vector<std::string>;

TEST(ImportRead, ADocumentAndASheetAreOneFile) {
  auto const read = read_import(testing::import_document(), testing::kImportSheet);
  ASSERT_TRUE(read) << read.error().what << " " << (read.error().faults.empty() ? "" : read.error().faults[0].pointer);
  ASSERT_EQ(read->document.proposals.size(), 4U);
  EXPECT_EQ(read->origins, (Pointers{"/proposals/0", "/proposals/1", "/proposals_csv/2", "/proposals_csv/4"}));
  auto const& third = read->document.proposals[2];
  EXPECT_EQ(third.title, "=1+1 is a title");
  EXPECT_EQ(third.purpose, "Two\nlines; \"quoted\".");
  EXPECT_EQ(third.state, ProposalState::reserve);
  EXPECT_EQ(third.decision->reason, "Next in rank.");
  EXPECT_EQ(read->document.proposals[3].members, (std::vector<std::string>{"a@x.example", "b@x.example"}));
  EXPECT_EQ(read->document.organisations.back().name, "Åland Robotics");
  EXPECT_EQ(read->sha256.size(), 64U);
}

TEST(ImportRead, EveryFaultIsNamedAtOnce) {
  auto document = testing::import_document();
  testing::replace(document, R"("format":"fabrica-call-import/1")", R"("format":"other/1")");
  testing::replace(document, R"("state":"awarded")", R"("state":"submitted")");
  testing::replace(document, R"("lead":"zane@x.example")", R"("lead":"zane")");
  auto const found = faults_of(document);
  EXPECT_EQ(found, (Pointers{"/format", "/proposals/0/lead", "/proposals/0/decision", "/proposals/0/state"}));
}

TEST(ImportRead, FaultsOfASheetSayTheirLine) {
  auto const found =
      faults_of(testing::import_document(),
                "id,round,organisation,lead,title,partition,amount_units,duration_days,purpose,state,hue\n"
                "P9,R1,org-1,zane@x.example,T,meluxina/gpu,many,30,Why,draft,red\n"
                "P10,R9,org-1,zane@x.example,T,meluxina/gpu,10,30,Why,draft,red\n"
                "P11,R3,org-1\n"
                "P12,R3,org-1,zane@x.example,T,meluxina/gpu,10,30,\"never closed,draft,red\n");
  EXPECT_EQ(found, (Pointers{"/proposals_csv/4", "/proposals_csv/5", "/proposals_csv/5", "/proposals_csv/1/hue",
                             "/proposals_csv/2/amount_units", "/proposals_csv/3/round"}));
}

TEST(ImportRead, AwardsFitTheCapacityTheyCameFrom) {
  auto document = testing::import_document();
  auto const rounds = document.find("\"rounds\"");
  auto tail = document.substr(rounds);
  testing::replace(tail, R"("capacity_units":40000)", R"("capacity_units":9000)");
  document.replace(rounds, std::string::npos, tail);
  EXPECT_EQ(faults_of(document), (Pointers{"/rounds/0/offers/0/capacity_units"}));
}

TEST(ImportRead, WhatWasUsedIsNotMoreThanTheAward) {
  auto document = testing::import_document();
  testing::replace(document, R"("used_units":4200)", R"("used_units":15001)");
  EXPECT_EQ(faults_of(document), (Pointers{"/proposals/0/decision/used_units"}));
}

TEST(ImportRead, TheSameThingTwiceIsAFault) {
  auto document = testing::import_document();
  testing::replace(document, R"("id":"P2")", R"("id":"P1")");
  EXPECT_EQ(faults_of(document), (Pointers{"/proposals/1/id"}));
}

TEST(ImportRead, SizesAreBounded) {
  EXPECT_EQ(faults_of(std::string((std::size_t{48} << 20) + 1, ' ')), (Pointers{"import_too_large"}));
  std::string sheet = "id\n";
  for (int i = 0; i < 5002; ++i) sheet += fmt::format("P{}\n", i);
  auto const found = read_import(testing::import_document(), sheet);
  ASSERT_FALSE(found);
  EXPECT_LE(found.error().faults.size(), 500U);
}

TEST(ImportRead, SemicolonsAndAByteOrderMarkAreRead) {
  auto const read =
      read_import(testing::import_document(),
                  "\xEF\xBB\xBFid;round;organisation;lead;title;partition;amount_units;duration_days;purpose;state\r\n"
                  "P9;R3;org-1;zane@x.example;\"a;b\";meluxina/gpu;10;30;Why;draft\r\n");
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(read->document.proposals.back().title, "a;b");
}

TEST(ImportRead, GarbageIsRefusedAndNeverMore) {
  auto const document = testing::import_document();
  for (std::size_t at = 0; at < document.size(); at += 3) {
    auto changed = document;
    changed[at] = '"';
    (void)read_import(changed, testing::kImportSheet);
  }
  std::string const sheet{testing::kImportSheet};
  for (std::size_t at = 0; at < sheet.size(); ++at) {
    auto changed = sheet;
    changed[at] = '"';
    (void)read_import(document, changed);
  }
  EXPECT_FALSE(read_import("[]", ""));
  EXPECT_FALSE(read_import("", ""));
}

}  // namespace
}  // namespace fabrica::calls
