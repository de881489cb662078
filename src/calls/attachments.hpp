#pragma once

#include <memory>

#include "blobs/service.hpp"
#include "calls/content.hpp"
#include "calls/service.hpp"
#include "http/message.hpp"

namespace fabrica::calls {

// A file behind a field of a proposal's form.
struct Attachment {
  PublicId id;
  PublicId proposal;
  std::string field;
  std::string name;
  std::string media_type;
  std::int64_t bytes = 0;
  std::string digest;                 // SHA-256, 64 hex digits
  std::optional<std::int64_t> pages;  // of a PDF
  Time attached;
};
BOOST_DESCRIBE_STRUCT(Attachment, (), (id, proposal, field, name, media_type, bytes, digest, pages, attached))

struct AttachmentFrom {
  PublicId from;  // an attachment this person may read
};
BOOST_DESCRIBE_STRUCT(AttachmentFrom, (), (from))

// Port: who reads a proposal besides its project and the access office. app/ connects it to reviews/.
class ReadsProposals {
 public:
  virtual ~ReadsProposals() = default;
  // How this actor reads it; nothing when he has no part in its evaluation.
  virtual Result<std::optional<forms::Reader>> reader(db::Tx& tx, identity::Actor const& actor,
                                                      PublicId const& proposal) = 0;
};

// Files of a proposal. The bytes come first and are checked by what they are; then one transaction keeps them, writes
// the answer into the draft and the statement. A crash before it leaves bytes nobody keeps, which the sweep takes.
class Attachments {
 public:
  Attachments(db::Database& database, Clock const& clock, Random& random, journal::Journal& journal,
              projects::Projects& projects, blobs::Service& blobs, Calls& calls, ReadsProposals& readers)
      : database_{database},
        clock_{clock},
        random_{random},
        journal_{journal},
        projects_{projects},
        blobs_{blobs},
        calls_{calls},
        readers_{readers} {}

  // Takes the bytes of one file. Its finish() is the whole use case. Errors: not_found "proposal", "field", conflict
  // "proposal_state", invalid "file_name"; while it is written too_large "attachment_size"; at the end those of
  // check_content, invalid "attachment_pages", over_budget "blob_quota". Statement: proposal.attached (project).
  Result<std::unique_ptr<http::BodySink>> receive(identity::Actor const& actor, PublicId const& proposal,
                                                  std::string_view field, std::string_view name,
                                                  std::string request_id);
  // The same file as another proposal has, without sending it again. Errors besides: not_found "attachment".
  Result<Attachment> attach_again(db::Tx& tx, identity::Actor const& actor, PublicId const& proposal,
                                  std::string_view field, PublicId const& from);
  // What this reader may see of them.
  Result<std::vector<Attachment>> list(db::Tx& tx, identity::Actor const& actor, PublicId const& proposal);
  // While it is a draft. Removing what is not there is fine. Statement: proposal.attachment_removed (project).
  Result<> remove(db::Tx& tx, identity::Actor const& actor, PublicId const& proposal, std::string_view field);
  // Errors: not_found "attachment" (also where the form does not show the field to this reader).
  struct Download {
    Attachment attachment;
    bool blind = false;  // a file's name tells who wrote it as often as not
  };
  Result<Download> find(db::Tx& tx, identity::Actor const& actor, PublicId const& proposal, std::string_view field);

 private:
  friend class AttachmentSink;
  struct Slot;
  Result<Slot> slot(db::Tx& tx, identity::Actor const& actor, PublicId const& proposal, std::string_view field);
  Result<Attachment> keep(db::Tx& tx, identity::Actor const& actor, Slot const& slot, Attachment file);
  Result<> let_go(db::Tx& tx, PublicId const& proposal, std::string_view field);
  Result<std::optional<forms::Reader>> reader_of(db::Tx& tx, identity::Actor const& actor, PublicId const& proposal);

  db::Database& database_;
  Clock const& clock_;
  Random& random_;
  journal::Journal& journal_;
  projects::Projects& projects_;
  blobs::Service& blobs_;
  Calls& calls_;
  ReadsProposals& readers_;
};

}  // namespace fabrica::calls
