#pragma once

#include "api/api.hpp"
#include "blobs/store.hpp"
#include "dataspace/service.hpp"
#include "dataspace/uploads.hpp"

namespace fabrica::dataspace {

// /projects/{project}/datasets, /datasets/{dataset}, /datasets/{dataset}/splits, /projects/{project}/splits, /splits/{split}.
void add_routes(api::Api& api, Dataspace& dataspace);

// /projects/{project}/uploads, /uploads/{upload} (GET; PUT or PATCH ?offset=), /uploads/{upload}/finish,
// /projects/{project}/blobs/{sha256} (GET, HEAD).
void add_upload_routes(api::Api& api, Uploads& uploads, blobs::Store const& store);

}  // namespace fabrica::dataspace
