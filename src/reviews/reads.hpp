#pragma once

#include <optional>

#include "calls/evaluated.hpp"
#include "forms/render.hpp"

namespace fabrica::reviews {

// How a person reads a proposal as its reviewer: they accepted it and were not taken off. Nothing for anybody else.
// There is no authorisation here.
Result<std::optional<forms::Reader>> reader_of(db::Tx& tx, PublicId const& person, PublicId const& proposal);

}  // namespace fabrica::reviews
