#pragma once

#include "forms/render.hpp"

namespace fabrica::forms {

bool may_read(Field const& field, Reader reader);
// Of a table that this reader may read.
bool may_read_column(Field const& column, Reader reader);

}  // namespace fabrica::forms
