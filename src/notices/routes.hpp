#pragma once

#include "api/api.hpp"
#include "notices/service.hpp"

namespace fabrica::notices {

// /notices, /notices/preferences, /notices/deliveries, /notices/test-mail, /hooks.
void add_routes(api::Api& api, Notices& notices);
// /unsubscribe/{token}: a page for people and RFC 8058's one-click POST, for whoever holds the link.
void add_unsubscribe_routes(http::Router& router, db::Database& database, Notices& notices);

}  // namespace fabrica::notices
