#include "calls/content.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "calls/testing/pdf.hpp"

namespace fabrica::calls {
namespace {

using testing::Pdf;

std::string reason_of(std::string_view type, std::string const& bytes) {
  auto const checked = check_content(type, as_bytes(bytes));
  return checked ? fmt::format("pages {}", checked->pages.value_or(0)) : checked.error().reason;
}
std::string pdf(std::string const& bytes) { return reason_of("application/pdf", bytes); }

TEST(PdfCheck, CountsThePagesOfAPlainDocument) {
  EXPECT_EQ(pdf(testing::pdf(1)), "pages 1");
  EXPECT_EQ(pdf(testing::pdf(17)), "pages 17");
}

TEST(PdfCheck, ReadsObjectsThatArePacked) { EXPECT_EQ(pdf(testing::packed_pdf(3)), "pages 3"); }

TEST(PdfCheck, ReadsADocumentThatWasChanged) {
  auto text = testing::pdf(1);
  auto const prev = text.rfind("startxref\n") + 10;
  auto const before = std::stoll(text.substr(prev));
  auto const object = text.size();
  text += "2 0 obj\n<< /Type /Pages /Kids [3 0 R] /Count 1 >>\nendobj\n";
  auto const xref = text.size();
  text += fmt::format("xref\n2 1\n{:010} 00000 n \ntrailer\n<< /Size 9 /Root 1 0 R /Prev {} >>\nstartxref\n{}\n%%EOF\n",
                      object, before, xref);
  EXPECT_EQ(pdf(text), "pages 1");
}

struct Bad {
  std::string_view name;
  std::string bytes;
  std::string_view reason;
};

TEST(PdfCheck, RefusesWhatOnlyHasTheName) {
  auto const zip = std::string{"PK\x03\x04\x14\x00\x00\x00", 8} + std::string(200, 'x');
  for (auto const& bad :
       {Bad{"a zip", zip, "attachment_type"},
        Bad{"a page", "<!DOCTYPE html><script>alert(1)</script>", "attachment_type"},
        Bad{"nothing", "", "attachment_type"}, Bad{"a header alone", "%PDF-1.7\n", "attachment_damaged"},
        Bad{"something before it", "x" + testing::pdf(1), "attachment_type"},
        Bad{"something behind it", testing::pdf(1) + zip, "attachment_damaged"}})
    EXPECT_EQ(pdf(bad.bytes), bad.reason) << bad.name;
  auto const said = check_content("application/pdf", as_bytes(zip));
  EXPECT_NE(said.error().what.find("zip archive"), std::string::npos) << said.error().what;
}

TEST(PdfCheck, RefusesADocumentThatIsCutShort) {
  auto const whole = testing::pdf(2);
  for (std::size_t size = 5; size + 8 < whole.size(); size += 7)
    EXPECT_EQ(pdf(whole.substr(0, size)), "attachment_damaged") << size;
}

TEST(PdfCheck, RefusesWhatDoesMoreThanShowPages) {
  for (std::string_view const action :
       {"/OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >>", "/OpenAction << /S /J#61vaScript /JS 9 0 R >>",
        "/OpenAction << /S /Launch /F (cmd.exe) >>", "/Names << /EmbeddedFiles 9 0 R >>", "/AcroForm << /XFA 9 0 R >>",
        "/OpenAction << /S /SubmitForm /F (https://example.org) >>"})
    EXPECT_EQ(pdf(testing::pdf(1, std::string{action})), "attachment_active") << action;
  EXPECT_EQ(pdf(testing::packed_pdf(1, "/OpenAction << /S /JavaScript /JS (1) >>")), "attachment_active");
}

TEST(PdfCheck, RefusesAnEncryptedDocument) {
  EXPECT_EQ(pdf(testing::pdf(1, "", "/Encrypt << /Filter /Standard /V 2 >>")), "attachment_encrypted");
}

TEST(PdfCheck, NeverUnpacksWithoutBound) {
  // 40 MB of spaces in 40 kB, in the object stream that holds the pages.
  EXPECT_EQ(pdf(testing::packed_pdf(1, "", std::string(40'000'000, ' '))), "attachment_too_complex");
}

TEST(PdfCheck, RefusesPagesThatGoRoundInACircle) {
  Pdf made;
  made.add("<< /Type /Catalog /Pages 2 0 R >>");
  made.add("<< /Type /Pages /Kids [3 0 R] /Count 1 >>");
  made.add("<< /Type /Pages /Kids [2 0 R] /Count 1 >>");
  EXPECT_EQ(pdf(made.text()), "attachment_damaged");
}

TEST(PdfCheck, RefusesAHiddenObjectStream) {
  // One that only a reader that repairs documents would open.
  Pdf made;
  made.add("<< /Type /Catalog /Pages 2 0 R >>");
  made.add("<< /Type /Pages /Kids [3 0 R] /Count 1 >>");
  made.add("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] >>");
  made.add(testing::stream("/Type /ObjStm /N 1 /First 4", testing::deflated("9 0 << /S /JavaScript >>")));
  EXPECT_EQ(pdf(made.text()), "attachment_damaged");
}

TEST(PdfCheck, SurvivesAByteChangedAnywhere) {
  auto const whole = testing::packed_pdf(2);
  for (std::size_t at = 0; at < whole.size(); ++at) {
    auto changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 0x15);
    auto const answer = pdf(changed);
    EXPECT_FALSE(answer.empty()) << at;
  }
}

TEST(PdfCheck, DeepNestingIsRefused) {
  auto const deep = std::string(5000, '[') + std::string(5000, ']');
  EXPECT_EQ(pdf(testing::pdf(1, "/Deep " + deep)), "attachment_damaged");
}

std::string big32(std::uint32_t value) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xFF);
  return out;
}
std::string chunk(std::string const& type, std::string const& data) {
  return big32(static_cast<std::uint32_t>(data.size())) + type + data + "CRC!";
}

TEST(ImageCheck, TakesWholeImagesAndNothingElse) {
  auto const png = "\x89PNG\r\n\x1A\n" + chunk("IHDR", std::string(13, '\1')) + chunk("IDAT", "xx") + chunk("IEND", "");
  EXPECT_EQ(reason_of("image/png", png), "pages 0");
  EXPECT_EQ(reason_of("image/png", png + "PK"), "attachment_damaged");
  EXPECT_EQ(reason_of("image/png", png.substr(0, png.size() - 1)), "attachment_damaged");
  EXPECT_EQ(reason_of("image/png", testing::pdf(1)), "attachment_type");
  auto const jpeg = std::string{"\xFF\xD8\xFF\xC0\x00\x04xx\xFF\xDA\x00\x04xxdata\xFF\xD9", 20};
  EXPECT_EQ(reason_of("image/jpeg", jpeg), "pages 0");
  EXPECT_EQ(reason_of("image/jpeg", jpeg + "x"), "attachment_damaged");
  auto const tiff = std::string{"II*\0\x08\0\0\0\x01\0", 10} + std::string(12, 'e') + std::string(4, '\0');
  EXPECT_EQ(reason_of("image/tiff", tiff), "pages 0");
  auto circle = tiff;
  circle[22] = 8;
  EXPECT_EQ(reason_of("image/tiff", circle), "attachment_damaged");
}

TEST(ImageCheck, RefusesTypesNobodyChecks) { EXPECT_EQ(reason_of("text/html", "<p>"), "attachment_type"); }

}  // namespace
}  // namespace fabrica::calls
