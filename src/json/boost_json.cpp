// The one translation unit Boost.JSON is compiled in.
#include <boost/json/src.hpp>
