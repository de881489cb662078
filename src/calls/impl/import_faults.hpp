#pragma once

#include "calls/import.hpp"

namespace fabrica::calls {

// Everything that contradicts itself in a file, without looking at what is here.
void check_import(ImportFile const& file, std::vector<Fault>& faults);

// The refusal that names them, 500 at most.
std::unexpected<Error> import_faults(std::vector<Fault> faults);

}  // namespace fabrica::calls
