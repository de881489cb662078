#pragma once

namespace fabrica::http {

// libcurl's own global state, made once a process.
void init_curl();

}  // namespace fabrica::http
