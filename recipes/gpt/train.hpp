#pragma once

#include "core/job.hpp"

namespace fabrica::recipe {

// The whole training job. Gives the exit status: 0, or kStoppedStatus after SIGTERM.
Result<int> train(Job const& job);

}  // namespace fabrica::recipe
