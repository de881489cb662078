#pragma once

#include <string>
#include <vector>

namespace fabrica {

// A person in the act, and those on whose behalf the act is allowed: whose delegated roles it needed.
struct Acting {
  std::string person;                     // public id
  std::vector<std::string> on_behalf_of;  // public ids; empty: one's own roles were enough
};

}  // namespace fabrica
