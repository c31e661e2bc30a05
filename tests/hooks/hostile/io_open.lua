-- SPDX-License-Identifier: Apache-2.0
-- ends: error
-- Opens a file.

return {
  run = function()
    return io.open("/etc/passwd"):read("a")
  end,
}
