#pragma once

#include <string>
#include <vector>

#include "identity/service.hpp"

// A person's account erased: who it was is forgotten, what was done stays under an id that names nobody.
namespace fabrica::identity {

struct Leaving {
  PublicId person;
  std::string email;
  Actor by;  // the person, or an administrator
};

// Port: what the modules above know of a person. app/ connects it.
class Belongings {
 public:
  virtual ~Belongings() = default;
  // What nobody would look after any more, each as a sentence that says what to do first.
  virtual Result<std::vector<std::string>> obligations(db::Tx& tx, PublicId const& person) = 0;
  // Gives back what is open and deletes what says who the person is. Called while the account still stands.
  virtual Result<> forget(db::Tx& tx, Leaving const& person) = 0;
};

struct Erased {
  PublicId person;
  Time erased;
};
BOOST_DESCRIBE_STRUCT(Erased, (), (person, erased))

class Erasure {
 public:
  Erasure(Clock const& clock, journal::Journal& journal, Belongings& belongings)
      : clock_{clock}, journal_{journal}, belongings_{belongings} {}

  // By the person (not with a token of limited scope) or an administrator. Sessions, tokens and roles end, name and
  // address go. Statement: person.erased. Errors: not_found "person", conflict "person_erased", "last_administrator",
  // "obligations" with one fault for each.
  Result<Erased> erase(db::Tx& tx, Actor const& actor, PublicId const& person);

 private:
  Clock const& clock_;
  journal::Journal& journal_;
  Belongings& belongings_;
};

}  // namespace fabrica::identity
