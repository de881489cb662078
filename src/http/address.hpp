#pragma once

#include <sys/socket.h>

namespace fabrica::http {

// Whether an address is one of the public internet: global unicast by the registries of RFC 6890, without addresses of
// this machine, of private and carrier networks, link-local, documentation, benchmark, multicast, and without the forms
// of IPv6 that carry an IPv4 address (mapped, NAT64, 6to4, Teredo), whose address is what counts or which are refused.
bool is_public_address(sockaddr const& address);

}  // namespace fabrica::http
