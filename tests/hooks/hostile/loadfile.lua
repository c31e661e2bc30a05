-- SPDX-License-Identifier: Apache-2.0
-- ends: error
-- Compiles a file.

return {
  run = function()
    return loadfile("/etc/passwd")()
  end,
}
