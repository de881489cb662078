#pragma once

#include <tuple>
#include <vector>

#include "json/json.hpp"
#include "projects/service.hpp"

namespace fabrica::projects {

enum class MemberRole : std::uint8_t { lead, member };
BOOST_DESCRIBE_ENUM(MemberRole, lead, member)

struct MemberDraft {
  std::string email;
  MemberRole role = MemberRole::member;

  static constexpr std::array<std::string_view, 1> kMayBeAbsent{"role"};
  static constexpr auto limits() { return std::tuple{json::length(&MemberDraft::email, 3, 254)}; }
};
BOOST_DESCRIBE_STRUCT(MemberDraft, (), (email, role))

// The address is shown to who leads the project.
struct Member {
  PublicId person;
  std::string name;
  MemberRole role{};
  std::optional<std::string> email{};
};
BOOST_DESCRIBE_STRUCT(Member, (), (person, name, role, email))

// Who works in a project: each person in one role.
class Members {
 public:
  Members(Clock const& clock, journal::Journal& journal, Projects& projects)
      : clock_{clock}, journal_{journal}, projects_{projects} {}

  Result<std::vector<Member>> list(db::Tx& tx, identity::Actor const& actor, PublicId const& project);
  // By who leads it: somebody with an account, or another role for who is in already. Statement: member.added. Errors:
  // not_found "person", conflict "member_exists", "last_lead".
  Result<Member> add(db::Tx& tx, identity::Actor const& actor, PublicId const& project, MemberDraft const& draft);
  // By who leads it, or who leaves. Statement: member.removed. Errors: not_found "member", conflict "last_lead".
  Result<> remove(db::Tx& tx, identity::Actor const& actor, PublicId const& project, PublicId const& person);

 private:
  Clock const& clock_;
  journal::Journal& journal_;
  Projects& projects_;
};

}  // namespace fabrica::projects
