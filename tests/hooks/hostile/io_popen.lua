-- SPDX-License-Identifier: Apache-2.0
-- ends: error
-- Starts a program.

return {
  run = function()
    return io.popen("id"):read("a")
  end,
}
