#include "calls/attachments.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "calls/impl/attached.hpp"
#include "calls/impl/store.hpp"
#include "http/problem.hpp"

namespace fabrica::calls {

using identity::Actor;
using identity::Permission;

// What stands ready for one file.
struct Attachments::Slot {
  PublicId proposal;
  std::int64_t proposal_id = 0;
  PublicId project;
  BoundForm form;
  forms::Field const* field = nullptr;
  std::string answers;

  std::int64_t bytes_max() const {
    return std::min(field->limits_.bytes_max.value_or(kAttachmentBytesMax), kAttachmentBytesMax);
  }
};

namespace {

constexpr std::string_view kOwner = "attachment";

struct AttachedBody {
  PublicId proposal;
  PublicId attachment;
  std::string field;
  std::string media_type;
  std::int64_t bytes = 0;
  std::string sha256;
  std::optional<std::int64_t> pages;
};
BOOST_DESCRIBE_STRUCT(AttachedBody, (), (proposal, attachment, field, media_type, bytes, sha256, pages))

Attachment attachment_of(store::AttachmentRow const& row) {
  return {row.public_id,  row.proposal, row.field, row.name,       row.media_type,
          row.size_bytes, row.digest,   row.pages, row.attached_us};
}

// The file's name as the form keeps it.
Result<std::string> clean_name(forms::Form const& form, forms::Field const& field, std::string_view name) {
  std::string quoted;
  json::append_string(quoted, name);
  auto const answer = fmt::format(R"({{"{}":{{"name":{},"media_type":"{}","bytes":1,"digest":"{}"}}}})", field.key,
                                  quoted, field.limits_.media_types.front(), std::string(64, '0'));
  auto const kept = forms::canonical(form, answer);
  if (!kept)
    return fail(Errc::invalid, "file_name",
                "Say the file's name in ?name=: 1 to 200 visible characters without slashes, such as cv.pdf.");
  FABRICA_TRY(auto const document, json::Document::parse(*kept));
  return std::string{document.at("/" + field.key + "/name").text().value_or("")};
}

// Which of the field's types the bytes are.
Result<std::pair<std::string, Content>> type_of(forms::Field const& field, ByteView bytes) {
  std::optional<Error> why;
  for (auto const& type : field.limits_.media_types) {
    auto const content = check_content(type, bytes);
    if (content) return std::pair{type, *content};
    if (!why || why->reason == "attachment_type") why = content.error();
  }
  return std::unexpected(why.value_or(Error{Errc::invalid, "attachment_type", "The form takes no file here."}));
}

}  // namespace

// The bytes of one file on their way in.
class AttachmentSink final : public http::BodySink {
 public:
  AttachmentSink(Attachments& attachments, Actor actor, Attachments::Slot slot, std::string name,
                 blobs::Store::Writer writer, std::string request_id)
      : attachments_{attachments},
        actor_{std::move(actor)},
        slot_{std::move(slot)},
        name_{std::move(name)},
        writer_{std::move(writer)},
        request_id_{std::move(request_id)} {}

  Result<> write(std::string_view piece) override {
    bytes_ += static_cast<std::int64_t>(piece.size());
    if (bytes_ > slot_.bytes_max())
      return fail(Errc::too_large, "attachment_size",
                  fmt::format("\"{}\" takes at most {} bytes: make the file smaller, for example with smaller images.",
                              slot_.field->label, slot_.bytes_max()));
    return writer_.write(as_bytes(piece));
  }

  http::Response finish() override {
    auto const done = take();
    if (!done) return http::problem(done.error(), request_id_);
    return http::json_response(200, json::write(*done));
  }

 private:
  Result<Attachment> take() {
    if (bytes_ == 0)
      return fail(Errc::invalid, "attachment_type", "Nothing was sent: send the file's bytes as the body.");
    FABRICA_TRY(auto const stored, attachments_.blobs_.end(writer_));
    Attachment file{{}, {}, {}, name_, {}, stored.size_bytes, stored.digest.hex(), {}, {}};
    {
      FABRICA_TRY(auto const reader, attachments_.blobs_.open(stored.digest));
      FABRICA_TRY(auto const mapped, reader.map());
      FABRICA_TRY(auto const is, type_of(*slot_.field, mapped.bytes()));
      file.media_type = is.first;
      file.pages = is.second.pages;
    }
    return attachments_.database_.write([&](db::Tx& tx) -> Result<Attachment> {
      // The draft may have been sent, or its call's form changed, since the first byte.
      FABRICA_TRY(auto const slot, attachments_.slot(tx, actor_, slot_.proposal, slot_.field->key));
      return attachments_.keep(tx, actor_, slot, file);
    });
  }

  Attachments& attachments_;
  Actor actor_;
  Attachments::Slot slot_;
  std::string name_;
  blobs::Store::Writer writer_;
  std::string request_id_;
  std::int64_t bytes_ = 0;
};

Result<Attachments::Slot> Attachments::slot(db::Tx& tx, Actor const& actor, PublicId const& proposal,
                                            std::string_view field) {
  FABRICA_DO(identity::logged_in(actor));
  FABRICA_TRY(auto const row, tx.maybe<store::ProposalRow>(store::kProposalById, proposal));
  if (!row) return fail(Errc::not_found, "proposal", fmt::format("There is no proposal {}.", proposal.text()));
  FABRICA_DO(projects_.require(tx, actor, row->project, Permission::work_in_project));
  if (row->state != ProposalState::draft && row->state != ProposalState::incomplete)
    return fail(Errc::conflict, "proposal_state",
                "A proposal that was sent cannot be changed: call it back before the cut-off.");
  FABRICA_TRY(auto bound, calls_.form_of(tx, row->call_public_id, row->call_version));
  auto const* found = bound ? forms::find(*bound->form, field) : nullptr;
  if (found == nullptr || found->type != forms::FieldType::attachment)
    return fail(Errc::not_found, "field",
                fmt::format("The form of this call has no field \"{}\" that takes a file.", field.substr(0, 64)));
  return Slot{proposal, row->id, row->project, *std::move(bound), found, row->form_answers.value_or("{}")};
}

Result<std::unique_ptr<http::BodySink>> Attachments::receive(Actor const& actor, PublicId const& proposal,
                                                             std::string_view field, std::string_view name,
                                                             std::string request_id) {
  FABRICA_TRY(auto ready, database_.read([&](db::Tx& tx) { return slot(tx, actor, proposal, field); }));
  FABRICA_TRY(auto clean, clean_name(*ready.form.form, *ready.field, name));
  FABRICA_TRY(auto writer, blobs_.begin());
  return std::make_unique<AttachmentSink>(*this, actor, std::move(ready), std::move(clean), std::move(writer),
                                          std::move(request_id));
}

Result<Attachment> Attachments::keep(db::Tx& tx, Actor const& actor, Slot const& slot, Attachment file) {
  if (file.pages && slot.field->limits_.pages_max && *file.pages > *slot.field->limits_.pages_max)
    return fail(Errc::invalid, "attachment_pages",
                fmt::format("\"{}\" takes at most {} pages and this file has {}: shorten it.", slot.field->label,
                            *slot.field->limits_.pages_max, *file.pages));
  FABRICA_TRY(auto const before, tx.maybe<store::AttachmentRow>(store::kAttachmentAt, slot.proposal, slot.field->key));
  if (before && before->digest == file.digest && before->name == file.name) return attachment_of(*before);
  FABRICA_DO(let_go(tx, slot.proposal, slot.field->key));
  Time const now{clock_.now()};
  file.id = PublicId::make(now.us, random_);
  file.proposal = slot.proposal;
  file.field = slot.field->key;
  file.attached = now;
  FABRICA_TRY(auto const digest, crypto::Digest::from_hex(file.digest));
  FABRICA_DO(blobs_.keep(tx, digest, {std::string{kOwner}, file.id.text(), file.field, slot.project.text()}));
  FABRICA_DO(tx.run(store::kAttachmentInsert, file.id, slot.proposal_id, file.field, file.name, file.media_type,
                    file.bytes, file.digest, file.pages, actor.person.text(), now));
  FABRICA_TRY(auto const row, tx.one<store::AttachmentRow>(store::kAttachmentById, file.id));
  FABRICA_TRY(auto const answers, with_answer(slot.answers, file.field, answer_of(row)));
  FABRICA_TRY(auto const kept, forms::canonical(*slot.form.form, answers));
  FABRICA_TRY(auto const changed, tx.run(store::kDraftAnswers, slot.proposal, kept));
  if (changed != 1) return fail(Errc::conflict, "proposal_state", "The proposal changed meanwhile: read it again.");
  AttachedBody const body{slot.proposal, file.id, file.field, file.media_type, file.bytes, file.digest, file.pages};
  FABRICA_DO(journal_.append(tx, {slot.project.text(),
                                  "proposal.attached",
                                  actor.person.text(),
                                  {{"attachment:" + file.id.text(), file.digest}},
                                  json::write(body)}));
  return file;
}

Result<> Attachments::let_go(db::Tx& tx, PublicId const& proposal, std::string_view field) {
  FABRICA_TRY(auto const row, tx.maybe<store::AttachmentRow>(store::kAttachmentAt, proposal, field));
  if (!row) return {};
  FABRICA_DO(tx.run(store::kAttachmentDrop, row->id));
  return blobs_.release(tx, kOwner, row->public_id.text());
}

Result<Attachment> Attachments::attach_again(db::Tx& tx, Actor const& actor, PublicId const& proposal,
                                             std::string_view field, PublicId const& from) {
  FABRICA_TRY(auto const ready, slot(tx, actor, proposal, field));
  FABRICA_TRY(auto const row, tx.maybe<store::AttachmentRow>(store::kAttachmentById, from));
  std::unexpected<Error> const none = fail(Errc::not_found, "attachment", "There is no such attachment of yours.");
  if (!row) return none;
  // Only what this person has a part in: an officer, who reads everything, carries nothing from one applicant to
  // another.
  FABRICA_TRY(auto const other, tx.one<store::ProposalRow>(store::kProposalById, row->proposal));
  if (!projects_.require(tx, actor, other.project, Permission::work_in_project)) return none;
  auto const& types = ready.field->limits_.media_types;
  if (std::ranges::find(types, row->media_type) == types.end() || row->size_bytes > ready.bytes_max())
    return fail(Errc::invalid, "attachment_type", "This field does not take that file: attach another.");
  return keep(tx, actor, ready, attachment_of(*row));
}

Result<std::optional<forms::Reader>> Attachments::reader_of(db::Tx& tx, Actor const& actor, PublicId const& proposal) {
  FABRICA_DO(identity::logged_in(actor));
  FABRICA_TRY(auto const row, tx.maybe<store::ProposalRow>(store::kProposalById, proposal));
  if (!row) return fail(Errc::not_found, "proposal", fmt::format("There is no proposal {}.", proposal.text()));
  auto const member = projects_.require(tx, actor, row->project, Permission::view_project);
  if (member) {
    bool const office = identity::authorise(actor, Permission::view_factory).has_value();
    return std::optional{forms::Reader{office ? forms::Audience::officer : forms::Audience::applicant, false}};
  }
  FABRICA_TRY(auto const reader, readers_.reader(tx, actor, proposal));
  if (!reader) return std::unexpected(member.error());
  return reader;
}

Result<std::vector<Attachment>> Attachments::list(db::Tx& tx, Actor const& actor, PublicId const& proposal) {
  FABRICA_TRY(auto const reader, reader_of(tx, actor, proposal));
  FABRICA_TRY(auto const rows, tx.all<store::AttachmentRow>(store::kAttachmentsOf, proposal));
  std::vector<Attachment> out;
  if (rows.empty()) return out;
  FABRICA_TRY(auto const row, tx.one<store::ProposalRow>(store::kProposalById, proposal));
  FABRICA_TRY(auto const bound, calls_.form_of(tx, row.call_public_id, row.call_version));
  if (!bound) return out;
  FABRICA_TRY(auto const sheet, forms::sheet(*bound->form, row.form_answers.value_or("{}"), *reader));
  for (auto const& one : rows)
    for (auto const& part : sheet.parts)
      for (auto const& line : part.lines)
        if (line.field == one.field && line.answered) {
          out.push_back(attachment_of(one));
          if (reader->blind) out.back().name = one.field;
        }
  return out;
}

Result<> Attachments::remove(db::Tx& tx, Actor const& actor, PublicId const& proposal, std::string_view field) {
  FABRICA_TRY(auto const ready, slot(tx, actor, proposal, field));
  FABRICA_TRY(auto const row, tx.maybe<store::AttachmentRow>(store::kAttachmentAt, proposal, field));
  if (!row) return {};
  FABRICA_DO(let_go(tx, proposal, field));
  FABRICA_TRY(auto const answers, with_answer(ready.answers, field, {}));
  FABRICA_TRY(auto const changed, tx.run(store::kDraftAnswers, proposal, answers));
  if (changed != 1) return fail(Errc::conflict, "proposal_state", "The proposal changed meanwhile: read it again.");
  AttachedBody const body{proposal,        row->public_id, row->field, row->media_type,
                          row->size_bytes, row->digest,    row->pages};
  FABRICA_DO(journal_.append(tx, {ready.project.text(),
                                  "proposal.attachment_removed",
                                  actor.person.text(),
                                  {{"attachment:" + row->public_id.text(), row->digest}},
                                  json::write(body)}));
  return {};
}

Result<Attachments::Download> Attachments::find(db::Tx& tx, Actor const& actor, PublicId const& proposal,
                                                std::string_view field) {
  FABRICA_TRY(auto const reader, reader_of(tx, actor, proposal));
  FABRICA_TRY(auto const all, list(tx, actor, proposal));
  auto const found = std::ranges::find(all, field, &Attachment::field);
  if (found == all.end()) return fail(Errc::not_found, "attachment", "There is no such attachment here.");
  return Download{*found, reader->blind};
}

}  // namespace fabrica::calls
