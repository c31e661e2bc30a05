-- SPDX-License-Identifier: Apache-2.0
-- ends: error
-- Runs a file.

return {
  run = function()
    return dofile("/proc/self/environ")
  end,
}
