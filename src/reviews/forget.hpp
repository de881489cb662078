#pragma once

#include <string_view>

#include "reviews/service.hpp"

namespace fabrica::reviews {

// A person's account is being erased: their open work goes to others (reviewer.left in each pool), profile, addresses
// of invitations and what was found out about their conflicts go. Reviews that were sent stay, under an id that names
// nobody.
Result<> forget_person(db::Tx& tx, Reviews& reviews, identity::Actor const& by, PublicId const& person,
                       std::string_view email);

}  // namespace fabrica::reviews
