#pragma once

#include "api/api.hpp"
#include "dataspace/service.hpp"

namespace fabrica::dataspace {

// /projects/{project}/datasets, /datasets/{dataset}, /datasets/{dataset}/splits, /projects/{project}/splits, /splits/{split}.
void add_routes(api::Api& api, Dataspace& dataspace);

}  // namespace fabrica::dataspace
