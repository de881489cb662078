// The one translation unit Asio is compiled in.
#include <boost/asio/impl/src.hpp>
