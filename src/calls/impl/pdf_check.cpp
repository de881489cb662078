#include "calls/impl/pdf_check.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "calls/impl/pdf_syntax.hpp"

namespace fabrica::calls::pdf {
namespace {

constexpr std::size_t kInflatedMax = std::size_t{32} << 20;
constexpr std::int64_t kEntriesMax = 500'000;
constexpr std::size_t kSectionsMax = 1000;
constexpr std::size_t kNodesMax = 50'000;
constexpr std::string_view kRemedy = "Print or export the document to a new PDF without them and attach that.";

// What makes a document do more than show pages, by the name it cannot do without (ISO 32000-2, 12.6.4, 7.11.4,
// 13.7). A name is long enough not to stand in compressed bytes by chance.
constexpr std::array<std::string_view, 11> kActive{"JavaScript",       "Launch",    "EmbeddedFile", "EmbeddedFiles",
                                                   "RichMedia",        "Rendition", "ImportData",   "SubmitForm",
                                                   "RichMediaContent", "GoToE",     "MovieActions"};

std::unexpected<Error> damaged(std::string_view what) {
  return fail(Errc::invalid, "attachment_damaged",
              fmt::format("This is not a whole PDF: {} Export the document to PDF again and attach that.", what));
}
std::unexpected<Error> active(std::string_view what) {
  return fail(Errc::invalid, "attachment_active",
              fmt::format("This PDF can do more than show pages ({}). {}", what, kRemedy));
}
std::unexpected<Error> too_complex(std::string_view what) {
  return fail(Errc::invalid, "attachment_too_complex",
              fmt::format("This PDF {}: it cannot be checked. Print it to a new PDF and attach that.", what));
}

// Where an object stands: at an offset of the file, or in an object stream.
struct Place {
  std::int64_t offset = -1;
  std::int64_t stream = -1;
};

std::optional<std::string> inflated(std::string_view data, std::size_t most, bool& too_long) {
  z_stream z{};
  if (inflateInit(&z) != Z_OK) return std::nullopt;
  std::string out;
  std::array<char, 65536> piece;
  // zlib takes its input without const and does not write to it.
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  z.avail_in = static_cast<uInt>(data.size());
  int state = Z_OK;
  while (state == Z_OK && out.size() <= most) {
    z.next_out = reinterpret_cast<Bytef*>(piece.data());
    z.avail_out = piece.size();
    state = inflate(&z, Z_NO_FLUSH);
    if (state == Z_OK || state == Z_STREAM_END) out.append(piece.data(), piece.size() - z.avail_out);
  }
  inflateEnd(&z);
  too_long = out.size() > most;
  return state == Z_STREAM_END && !too_long ? std::optional{std::move(out)} : std::nullopt;
}

// The PNG predictors a cross-reference stream may have been packed with (ISO 32000-2, 7.4.4.4).
std::optional<std::string> unpredicted(std::string const& packed, std::size_t columns) {
  if (columns == 0 || columns > 1024 || packed.size() % (columns + 1) != 0) return std::nullopt;
  std::string out;
  std::string before(columns, '\0');
  for (std::size_t at = 0; at < packed.size(); at += columns + 1) {
    auto row = packed.substr(at + 1, columns);
    for (std::size_t x = 0; x < columns; ++x) {
      int const left = x > 0 ? static_cast<unsigned char>(row[x - 1]) : 0;
      int const up = static_cast<unsigned char>(before[x]);
      int const corner = x > 0 ? static_cast<unsigned char>(before[x - 1]) : 0;
      int add = 0;
      switch (packed[at]) {
        case 0: break;
        case 1: add = left; break;
        case 2: add = up; break;
        case 3: add = (left + up) / 2; break;
        case 4: {
          int const p = left + up - corner;
          int const a = std::abs(p - left), b = std::abs(p - up), c = std::abs(p - corner);
          add = a <= b && a <= c ? left : b <= c ? up : corner;
          break;
        }
        default: return std::nullopt;
      }
      row[x] = static_cast<char>(static_cast<unsigned char>(row[x]) + add);
    }
    out += row;
    before = std::move(row);
  }
  return out;
}

class Document {
 public:
  explicit Document(std::string_view bytes) : bytes_{bytes} {}

  Result<std::int64_t> check() {
    FABRICA_TRY(auto const start, check_ends());
    FABRICA_DO(read_sections(start));
    for (auto const number : streams_) FABRICA_DO(object_stream(number));
    FABRICA_DO(check_names(bytes_, true));
    for (auto const& [number, text] : inflated_) FABRICA_DO(check_names(text, false));
    FABRICA_TRY(auto const catalog, load(root_));
    if (!catalog["Type"].is("Catalog")) return damaged("its root is no catalogue.");
    FABRICA_TRY(auto const form, resolve(catalog["AcroForm"]));
    if (form["XFA"].kind != Kind::null) return active("an XFA form");
    if (catalog["Pages"].kind != Kind::reference) return damaged("it has no pages.");
    return count_pages(catalog["Pages"].number);
  }

 private:
  struct Stream {
    Value dictionary;
    std::size_t data = 0;
  };

  Result<std::size_t> check_ends() {
    auto const version = bytes_.substr(0, 8);
    bool const known = version.starts_with("%PDF-1.") || version == "%PDF-2.0";
    if (!known || version.size() < 8) return damaged("it does not begin as one.");
    auto end = bytes_.size();
    while (end > 0 && is_space(bytes_[end - 1])) --end;
    if (!bytes_.substr(0, end).ends_with("%%EOF")) return damaged("its end is missing, or something follows it.");
    auto const from = end > 2048 ? end - 2048 : 0;
    auto const found = bytes_.substr(from, end - from).rfind("startxref");
    if (found == std::string_view::npos) return damaged("it does not say where its objects are.");
    Reader reader{bytes_, from + found + 9};
    auto const start = reader.whole();
    if (!start || static_cast<std::size_t>(*start) >= bytes_.size()) return damaged("its end points outside of it.");
    return static_cast<std::size_t>(*start);
  }

  // From the newest section back; what a newer one says of an object holds.
  Result<> read_sections(std::size_t start) {
    std::set<std::size_t> seen;
    std::vector<std::size_t> next{start};
    while (!next.empty()) {
      auto const at = next.back();
      next.pop_back();
      if (!seen.insert(at).second) continue;
      if (seen.size() > kSectionsMax) return too_complex("was changed more than a thousand times");
      FABRICA_TRY(auto const trailer, read_section(at));
      if (trailer["Encrypt"].kind != Kind::null)
        return fail(Errc::invalid, "attachment_encrypted",
                    "This PDF is encrypted: nobody here could read it for sure. Save it without a password or "
                    "restrictions and attach that.");
      if (root_ < 0 && trailer["Root"].kind == Kind::reference) root_ = trailer["Root"].number;
      for (auto const* link : {&trailer["Prev"], &trailer["XRefStm"]}) {
        if (link->kind == Kind::null) continue;
        if (link->kind != Kind::number || link->number < 0 || static_cast<std::size_t>(link->number) >= bytes_.size())
          return damaged("a cross-reference points outside of it.");
        next.push_back(static_cast<std::size_t>(link->number));
      }
    }
    if (root_ < 0) return damaged("it names no catalogue.");
    return {};
  }

  Result<Value> read_section(std::size_t at) {
    Reader reader{bytes_, at};
    if (!reader.word("xref")) return read_stream_section(at);
    while (!reader.word("trailer")) {
      auto const first = reader.whole();
      auto const count = reader.whole();
      if (!first || !count) return damaged("its cross-reference table cannot be read.");
      for (std::int64_t i = 0; i < *count; ++i) {
        auto const offset = reader.whole();
        auto const generation = reader.whole();
        bool const used = reader.word("n");
        if (!offset || !generation || (!used && !reader.word("f")))
          return damaged("its cross-reference table cannot be read.");
        FABRICA_DO(note(*first + i, used ? Place{*offset, -1} : Place{}));
      }
    }
    auto trailer = reader.value();
    if (!trailer || trailer->kind != Kind::dictionary) return damaged("its trailer cannot be read.");
    return *std::move(trailer);
  }

  Result<> note(std::int64_t number, Place place) {
    if (++entries_ > kEntriesMax) return too_complex("has more than half a million objects");
    places_.emplace(number, place);
    if (place.stream >= 0) streams_.insert(place.stream);
    return {};
  }

  Result<Value> read_stream_section(std::size_t at) {
    FABRICA_TRY(auto stream, stream_at(at, -1));
    auto const& d = stream.dictionary;
    if (!d["Type"].is("XRef")) return damaged("its end does not point to a cross-reference.");
    FABRICA_TRY(auto table, content_of(stream));
    if (auto const& parameters = first_of(d["DecodeParms"]); parameters["Predictor"].number >= 10) {
      auto const columns = parameters["Columns"].kind == Kind::number ? parameters["Columns"].number : 1;
      auto plain = unpredicted(table, static_cast<std::size_t>(std::clamp<std::int64_t>(columns, 0, 4096)));
      if (!plain) return damaged("its cross-reference stream cannot be read.");
      table = *std::move(plain);
    }
    std::array<std::size_t, 3> widths{};
    if (d["W"].items.size() < 3) return damaged("its cross-reference stream has no widths.");
    for (std::size_t i = 0; i < 3; ++i) {
      if (d["W"].items[i].number < 0 || d["W"].items[i].number > 8) return damaged("its cross-reference is too wide.");
      widths[i] = static_cast<std::size_t>(d["W"].items[i].number);
    }
    FABRICA_DO(note_entries(table, widths, d));
    return std::move(stream.dictionary);
  }

  Result<> note_entries(std::string const& table, std::array<std::size_t, 3> const& widths, Value const& d) {
    std::vector<std::int64_t> index;
    for (auto const& one : d["Index"].items) index.push_back(one.number);
    if (index.empty()) index = {0, d["Size"].number};
    std::size_t at = 0;
    auto const field = [&](std::size_t width, std::int64_t otherwise) {
      std::int64_t out = width == 0 ? otherwise : 0;
      for (std::size_t i = 0; i < width; ++i)
        out = static_cast<std::int64_t>(static_cast<std::uint64_t>(out) << 8 | static_cast<unsigned char>(table[at++]));
      return out;
    };
    auto const size = widths[0] + widths[1] + widths[2];
    for (std::size_t part = 0; part + 1 < index.size(); part += 2)
      for (std::int64_t i = 0; i < index[part + 1]; ++i) {
        if (size == 0 || table.size() - at < size) return damaged("its cross-reference stream is too short.");
        auto const type = field(widths[0], 1);
        auto const second = field(widths[1], 0);
        field(widths[2], 0);
        auto const number = index[part] + i;
        if (type == 1) FABRICA_DO(note(number, {second, -1}));
        else if (type == 2) FABRICA_DO(note(number, {-1, second}));
        else FABRICA_DO(note(number, {}));
      }
    return {};
  }

  // Objects are read where they are needed, some twice; one that is named a thousand times is not read a thousand
  // times.
  Result<> spend(std::size_t bytes) {
    read_bytes_ += bytes;
    if (read_bytes_ > 4 * (bytes_.size() + kInflatedMax)) return too_complex("leads round in too many ways");
    return {};
  }

  static Value const& first_of(Value const& value) {
    return value.kind == Kind::array && !value.items.empty() ? value.items.front() : value;
  }

  // The object at a place of the file; `number` is checked unless it is negative.
  Result<Value> object_at(std::size_t at, std::int64_t number, std::size_t& end) {
    if (at >= bytes_.size()) return damaged("an object lies outside of it.");
    Reader reader{bytes_, at};
    auto const named = reader.whole();
    auto const generation = reader.whole();
    if (!named || !generation || !reader.word("obj") || (number >= 0 && *named != number))
      return damaged("an object is not where it is said to be.");
    auto value = reader.value();
    if (!value) return damaged("an object cannot be read.");
    end = reader.at();
    FABRICA_DO(spend(end - at));
    return *std::move(value);
  }

  Result<Stream> stream_at(std::size_t at, std::int64_t number) {
    std::size_t end = 0;
    FABRICA_TRY(auto dictionary, object_at(at, number, end));
    Reader reader{bytes_, end};
    if (dictionary.kind != Kind::dictionary || !reader.word("stream")) return damaged("a stream cannot be read.");
    if (dictionary["F"].kind != Kind::null) return active("a stream in another file");
    if (dictionary["Type"].is("ObjStm")) known_streams_.insert(at);
    auto data = reader.at();
    if (data < bytes_.size() && bytes_[data] == '\r') ++data;
    if (data < bytes_.size() && bytes_[data] == '\n') ++data;
    return Stream{std::move(dictionary), data};
  }

  Result<std::string> content_of(Stream const& stream) {
    auto const& filter = stream.dictionary["Filter"];
    auto const most = kInflatedMax - inflated_bytes_;
    if (filter.kind == Kind::null || (filter.kind == Kind::array && filter.items.empty())) {
      FABRICA_TRY(auto const length, resolve(stream.dictionary["Length"]));
      auto const size = static_cast<std::size_t>(std::max<std::int64_t>(length.number, 0));
      if (length.kind != Kind::number || size > bytes_.size() - stream.data) return damaged("a stream has no length.");
      if (size > most) return too_complex("has too much structure");
      inflated_bytes_ += size;
      return std::string{bytes_.substr(stream.data, size)};
    }
    if ((filter.kind == Kind::array && filter.items.size() != 1) || !first_of(filter).is("FlateDecode"))
      return too_complex("packs its objects in an uncommon way");
    bool too_long = false;
    auto text = inflated(bytes_.substr(stream.data), most, too_long);
    if (too_long) return too_complex("has more than 32 MiB of packed objects");
    if (!text) return damaged("a stream cannot be unpacked.");
    inflated_bytes_ += text->size();
    return *std::move(text);
  }

  Result<> object_stream(std::int64_t number) {
    auto const place = places_.find(number);
    if (place == places_.end() || place->second.offset < 0) return damaged("an object stream is missing.");
    FABRICA_TRY(auto const stream, stream_at(static_cast<std::size_t>(place->second.offset), number));
    if (!stream.dictionary["Type"].is("ObjStm")) return damaged("an object stream is something else.");
    FABRICA_TRY(auto text, content_of(stream));
    firsts_[number] = {stream.dictionary["N"].number, stream.dictionary["First"].number};
    inflated_.emplace(number, std::move(text));
    return {};
  }

  // What a reader that repairs a document would find must be what the cross-reference says, so every object stream has
  // to be one we have seen.
  Result<> check_names(std::string_view text, bool whole_file) {
    std::size_t found_streams = 0;
    for (auto at = text.find('/'); at != std::string_view::npos; at = text.find('/', at)) {
      auto const [name, end] = name_at(text, at);
      if (std::ranges::find(kActive, name) != kActive.end()) return active("/" + name);
      if (name == "ObjStm") ++found_streams;
      at = std::max(end, at + 1);
    }
    if (whole_file && found_streams > known_streams_.size()) return damaged("it hides objects.");
    return {};
  }

  Result<Value> resolve(Value const& value) {
    if (value.kind != Kind::reference) return value;
    return load(value.number);
  }

  // What is not there is null (ISO 32000-2, 7.3.10).
  Result<Value> load(std::int64_t number) {
    if (++loads_ > 4 * kNodesMax) return too_complex("has too many objects");
    auto const place = places_.find(number);
    if (place == places_.end() || (place->second.offset < 0 && place->second.stream < 0)) return Value{};
    if (place->second.offset >= 0) {
      std::size_t end = 0;
      return object_at(static_cast<std::size_t>(place->second.offset), number, end);
    }
    return packed(place->second.stream, number);
  }

  Result<Value> packed(std::int64_t stream, std::int64_t number) {
    auto const text = inflated_.find(stream);
    if (text == inflated_.end()) return damaged("an object stream is missing.");
    auto& offsets = offsets_[stream];
    auto const [count, first] = firsts_[stream];
    if (offsets.empty()) {
      Reader reader{text->second, 0};
      for (std::int64_t i = 0; i < std::min<std::int64_t>(count, 100'000); ++i) {
        auto const object = reader.whole();
        auto const offset = reader.whole();
        if (!object || !offset) return damaged("an object stream cannot be read.");
        offsets.emplace(*object, *offset);
      }
    }
    auto const found = offsets.find(number);
    if (found == offsets.end()) return Value{};
    auto const from = static_cast<std::size_t>(std::max<std::int64_t>(first, 0) + found->second);
    Reader reader{text->second, from};
    auto value = reader.value();
    if (!value) return damaged("a packed object cannot be read.");
    FABRICA_DO(spend(reader.at() - std::min(from, reader.at())));
    return *std::move(value);
  }

  Result<std::int64_t> count_pages(std::int64_t root) {
    std::set<std::int64_t> seen;
    std::vector<std::int64_t> waiting{root};
    std::int64_t pages = 0;
    std::int64_t declared = -1;
    while (!waiting.empty()) {
      auto const number = waiting.back();
      waiting.pop_back();
      if (!seen.insert(number).second) return damaged("its pages go round in a circle.");
      if (seen.size() > kNodesMax) return too_complex("has too many pages");
      FABRICA_TRY(auto const node, load(number));
      if (node.kind != Kind::dictionary) return damaged("a page is missing.");
      FABRICA_TRY(auto const kids, resolve(node["Kids"]));
      if (node["Type"].is("Page") && kids.kind == Kind::null) {
        ++pages;
        continue;
      }
      if (!node["Type"].is("Pages") || kids.kind != Kind::array) return damaged("its list of pages cannot be read.");
      if (number == root) {
        FABRICA_TRY(auto const count, resolve(node["Count"]));
        declared = count.number;
      }
      for (auto const& kid : kids.items) {
        if (kid.kind != Kind::reference) return damaged("its list of pages cannot be read.");
        waiting.push_back(kid.number);
      }
    }
    if (pages == 0) return damaged("it has no pages.");
    if (declared != pages) return damaged("it does not have the pages it says.");
    return pages;
  }

  std::string_view bytes_;
  std::map<std::int64_t, Place> places_;  // a tree: its keys are a stranger's
  std::set<std::int64_t> streams_;        // objects that hold other objects
  std::set<std::size_t> known_streams_;   // where those lie in the file
  std::map<std::int64_t, std::string> inflated_;
  std::map<std::int64_t, std::pair<std::int64_t, std::int64_t>> firsts_;
  std::map<std::int64_t, std::map<std::int64_t, std::int64_t>> offsets_;
  std::size_t inflated_bytes_ = 0;
  std::int64_t entries_ = 0;
  std::size_t loads_ = 0;
  std::size_t read_bytes_ = 0;
  std::int64_t root_ = -1;
};

}  // namespace

Result<std::int64_t> check(ByteView bytes) { return Document{as_text(bytes)}.check(); }

}  // namespace fabrica::calls::pdf
