#pragma once

#include <span>
#include <string_view>

namespace fabrica::json {

// One of `names` that differs little from `name`: what the writer may have meant; empty when none does.
std::string_view nearest(std::string_view name, std::span<std::string_view const> names);

}  // namespace fabrica::json
