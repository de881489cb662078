// The one translation unit Beast is compiled in.
#include <boost/beast/src.hpp>
